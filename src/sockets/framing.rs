//! Where the requests of a connection of HTTP/1 end.
//!
//! The HTTP library has the say on what is a request. This follows along, so that its input can be cut between two of
//! them. Where the two should disagree, requests come in somewhat later or sooner than they might.

/// How much of a line is looked at: the names of the headers that matter, and their values.
const MAX_LINE: usize = 128;

/// Follows the bytes of a connection.
#[derive(Default)]
pub struct Framing {
    /// The beginning of the line that is being read.
    line: Vec<u8>,
    part: Part,
    /// What the head says of the body.
    length: u64,
    is_chunked: bool,
}

#[derive(Default)]
enum Part {
    /// Lines before the first one of a request, which may be empty.
    #[default]
    Between,
    Head,
    /// Bytes of the body that are still to come.
    Body(u64),
    ChunkSize,
    /// Bytes of a chunk that are still to come, with the end of its line.
    Chunk(u64),
    Trailer,
}

impl Framing {
    /// Whether a request ends with `byte`.
    pub fn ends_with(&mut self, byte: u8) -> bool {
        match &mut self.part {
            Part::Body(left) => {
                *left -= 1;
                return *left == 0 && self.next();
            }
            Part::Chunk(left) => {
                *left -= 1;
                if *left == 0 {
                    self.part = Part::ChunkSize;
                }
                return false;
            }
            Part::Between | Part::Head | Part::ChunkSize | Part::Trailer => {}
        }
        if byte != b'\n' {
            if self.line.len() < MAX_LINE {
                self.line.push(byte);
            }
            return false;
        }
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        match self.part {
            Part::Between if line.is_empty() => false,
            Part::Between => {
                self.part = Part::Head;
                false
            }
            Part::Head if line.is_empty() => self.body(),
            Part::Head => {
                self.header(line);
                false
            }
            Part::ChunkSize => {
                let digits = line.split(|byte| !byte.is_ascii_hexdigit()).next().unwrap_or_default();
                let size = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
                // The chunk ends with a line end of its own.
                self.part = match size {
                    None | Some(0) => Part::Trailer,
                    Some(size) => Part::Chunk(size.saturating_add(2)),
                };
                false
            }
            Part::Trailer => line.is_empty() && self.next(),
            Part::Body(_) | Part::Chunk(_) => false,
        }
    }

    fn header(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (&line[..colon], String::from_utf8_lossy(&line[colon + 1..]));
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = value.trim().parse().unwrap_or(0);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = value.to_ascii_lowercase().contains("chunked");
        }
    }

    /// The head has ended; whether the request has.
    fn body(&mut self) -> bool {
        match (self.is_chunked, self.length) {
            (true, _) => self.part = Part::ChunkSize,
            (false, 0) => return self.next(),
            (false, length) => self.part = Part::Body(length),
        }
        false
    }

    fn next(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where requests end in `bytes`.
    fn ends(bytes: &[u8]) -> Vec<usize> {
        let mut framing = Framing::default();
        (1..).zip(bytes).filter_map(|(place, byte)| framing.ends_with(*byte).then_some(place)).collect()
    }

    #[test]
    fn a_request_ends_with_its_head_or_with_its_body() {
        let requests: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            b"\r\nGET / HTTP/1.1\nhost: x\n\n",
            b"POST / HTTP/1.1\r\nContent-Length:  4 \r\n\r\n\r\n\r\n",
            b"POST / HTTP/1.1\r\ntransfer-encoding: gzip, Chunked\r\n\r\n5;name=value\r\n\r\n\r\nx\r\nA\r\n0123456789\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: trailer\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        ];
        let mut wanted = Vec::new();
        for request in requests {
            wanted.push(wanted.last().copied().unwrap_or(0) + request.len());
        }
        assert_eq!(ends(&requests.concat()), wanted);
    }

    #[test]
    fn long_lines_are_followed_and_not_kept() {
        let long = format!("GET /{} HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(5_000), "b".repeat(70_000));
        assert_eq!(ends(long.as_bytes()), [long.len()]);
        let mut framing = Framing::default();
        for byte in long.bytes().take(50_000) {
            framing.ends_with(byte);
        }
        assert!(framing.line.len() <= MAX_LINE);
    }
}
