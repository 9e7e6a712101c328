//! Bars as a PNG (RFC 2083). Only rectangles, so nothing has to be smoothed and four colours suffice: a picture has a few
//! hundred bytes. It is drawn twice as large as it is shown, for screens of high density.

use super::ComposeError;

/// As shown, in CSS pixels.
pub const WIDTH: u32 = 280;
pub const HEIGHT: u32 = 90;
const SCALE: u32 = 2;

/// Red, green, blue of each colour, in this order: ground, lines, bars of earlier weeks, the last bar.
const PALETTE: [[u8; 3]; 4] = [[255, 255, 255], [221, 221, 221], [150, 170, 196], [31, 84, 148]];
const LINE: u8 = 1;
const EARLIER: u8 = 2;
const LAST: u8 = 3;

/// The values from left to right, the last one darker; None leaves a gap. `full`: the value of a bar as high as the
/// picture; without it the largest value is.
pub fn bars(values: &[Option<u32>], full: Option<u32>) -> Result<Vec<u8>, ComposeError> {
    let (width, height) = (WIDTH * SCALE, HEIGHT * SCALE);
    let mut canvas = Canvas { width, pixels: vec![0; (width * height) as usize] };
    let ground = height - SCALE;
    for part in 0..=4 {
        canvas.fill(0, ground * part / 4, width, SCALE, LINE);
    }
    let full = full.or_else(|| values.iter().flatten().copied().max()).unwrap_or_default().max(1);
    let place = width / u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
    for (number, value) in (0u32..).zip(values) {
        let Some(value) = value.map(|value| value.min(full)) else { continue };
        let high = u32::try_from(u64::from(ground) * u64::from(value) / u64::from(full)).unwrap_or(ground);
        // What is there at all is seen, be it small.
        let high = if value > 0 { high.max(SCALE) } else { 0 };
        let colour = if number as usize + 1 == values.len() { LAST } else { EARLIER };
        canvas.fill(number * place + place / 6, ground - high, place * 2 / 3, high, colour);
    }
    canvas.png(height)
}

struct Canvas {
    width: u32,
    /// A palette's index each, row by row.
    pixels: Vec<u8>,
}

impl Canvas {
    /// What lies outside is left out.
    fn fill(&mut self, left: u32, top: u32, wide: u32, high: u32, colour: u8) {
        let rows = self.pixels.chunks_mut(self.width as usize).skip(top as usize).take(high as usize);
        for row in rows {
            row.iter_mut().skip(left as usize).take(wide as usize).for_each(|pixel| *pixel = colour);
        }
    }

    fn png(&self, height: u32) -> Result<Vec<u8>, ComposeError> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Two);
        encoder.set_palette(PALETTE.concat());
        // Four pixels a byte, the leftmost in the highest bits (RFC 2083 section 2.3); the width divides by four.
        let packed: Vec<u8> = self.pixels.chunks(4).map(|four| four.iter().fold(0, |byte, p| byte << 2 | p)).collect();
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&packed)?;
            writer.finish()
        });
        written.map_err(|_| ComposeError::Build("a picture cannot be drawn"))?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of a picture's columns at a height, read back by the library's decoder.
    fn row(png: &[u8], y: u32) -> Vec<u8> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("has a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!((info.width, info.height), (WIDTH * SCALE, HEIGHT * SCALE));
        let line = (info.width * 3) as usize;
        pixels[line * y as usize..][..line].chunks(3).map(|rgb| rgb[0]).collect()
    }

    #[test]
    fn bars_stand_side_by_side_as_high_as_their_values() {
        let png = bars(&[Some(10), Some(5), None, Some(0), Some(10)], None).expect("is drawn");
        assert!(png.len() < 2_000, "{} bytes", png.len());
        let runs = |y: u32, colour: u8| {
            let row = row(&png, y);
            row.windows(2).filter(|two| two[0] != colour && two[1] == colour).count()
        };
        // Just above the ground: two earlier bars and the last; in the upper half the bar of half the height is not there.
        assert_eq!((runs(170, 150), runs(170, 31)), (2, 1));
        assert_eq!((runs(20, 150), runs(20, 31)), (1, 1));
        assert_eq!(png, bars(&[Some(10), Some(5), None, Some(0), Some(10)], None).expect("is drawn"), "the same bytes");
    }

    #[test]
    fn nothing_to_draw_is_a_picture_too() {
        for values in [&[][..], &[None, None], &[Some(0)], &[Some(u32::MAX), Some(1)], &[Some(1); 600]] {
            bars(values, None).expect("is drawn");
            bars(values, Some(100)).expect("is drawn");
        }
    }
}
