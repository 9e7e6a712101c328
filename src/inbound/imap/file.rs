//! Filing: moving what was taken in to the archive folder, without ever touching another mail.

use super::fetch::uid_set;
use super::link::{Completion, Link};
use super::{list, quoted};
use crate::inbound::Opened;
use crate::inbound::error::SourceError;
use crate::model::SourceKey;

const DOING: &str = "the moving of mail to the archive";
/// UIDs to a command: the longest line is 2,200 bytes.
const AT_ONCE: usize = 200;

/// What the server can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    /// RFC 6851.
    pub(super) has_move: bool,
    /// RFC 4315.
    pub(super) has_uidplus: bool,
}

/// Moves the mails. UIDs that are gone are none of a server's worries (RFC 3501 section 6.4.8); keys of an older folder
/// of the same name are passed over.
pub(super) async fn file(
    link: &mut Link,
    opened: &Opened,
    archive: &str,
    means: Means,
    keys: &[SourceKey],
) -> Result<(), SourceError> {
    let refused = |because: String| SourceError::Archive { folder: archive.to_owned(), because };
    if archive == opened.folder {
        return Err(refused("it is the folder that mail is taken from".to_owned()));
    }
    let ours = |key: &&SourceKey| key.folder == opened.folder && key.uid_validity == opened.uid_validity;
    let mut uids: Vec<u32> = keys.iter().filter(ours).map(|key| key.uid).collect();
    uids.sort_unstable();
    uids.dedup();
    for some in uids.chunks(AT_ONCE) {
        let set = uid_set(some.iter().copied());
        let mut done = transfer(link, &set, archive, means).await?;
        if !done.ok && (done.try_create || !exists(link, archive).await?) {
            let made = link.run(&format!("CREATE {}", quoted(archive)), DOING, |_| ()).await?;
            if !made.ok {
                return Err(refused(format!("it does not exist and cannot be made ({})", made.text)));
            }
            done = transfer(link, &set, archive, means).await?;
        }
        if !done.ok {
            return Err(refused(done.text));
        }
    }
    Ok(())
}

/// The folder is there.
pub(super) async fn exists(link: &mut Link, folder: &str) -> Result<bool, SourceError> {
    Ok(list(link, folder).await?.iter().any(|name| name == folder))
}

/// MOVE, else COPY, \Deleted and UID EXPUNGE. A bare EXPUNGE would remove what a person marked in the meantime: where the
/// server has no UIDPLUS, the mails stay behind, marked.
async fn transfer(link: &mut Link, set: &str, archive: &str, means: Means) -> Result<Completion, SourceError> {
    let archive = quoted(archive);
    if means.has_move {
        return link.run(&format!("UID MOVE {set} {archive}"), DOING, |_| ()).await;
    }
    let copied = link.run(&format!("UID COPY {set} {archive}"), DOING, |_| ()).await?;
    if !copied.ok {
        return Ok(copied);
    }
    let marked = link.must(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), DOING, |_| ()).await?;
    if means.has_uidplus {
        return link.must(&format!("UID EXPUNGE {set}"), DOING, |_| ()).await;
    }
    Ok(marked)
}
