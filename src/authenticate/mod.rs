//! Floor 3: proof of the sender by DKIM and DMARC over DNS: evidence only, judged in facts.
