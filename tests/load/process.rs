//! What the kernel says of a process.

use std::{fs, io, time::Duration};

/// `USER_HZ`, which is 100 on every Linux there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// How memory settles: so often, at most so many times, until this many readings differ by less than that.
const SETTLE_INTERVAL: Duration = Duration::from_millis(250);
const SETTLE_READINGS: usize = 80;
const STABLE_READINGS: usize = 6;
const STABLE_BYTES: u64 = 128 * 1024;

/// CPU seconds so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    pub server: f64,
    pub client: f64,
    /// Everything on the machine, these two included.
    pub machine: f64,
}

impl Cpu {
    pub fn read(server: u32) -> io::Result<Self> {
        let client = cpu_of(std::process::id())?;
        // cpu user nice system idle iowait irq softirq steal …
        let stat = fs::read_to_string("/proc/stat")?;
        let fields: Vec<f64> =
            stat.lines().next().unwrap_or_default().split_whitespace().filter_map(|field| field.parse().ok()).collect();
        let idle: f64 = fields.iter().skip(3).take(2).sum();
        let all: f64 = fields.iter().take(8).sum();
        Ok(Self { server: cpu_of(server)?, client, machine: (all - idle) / TICKS_PER_SECOND })
    }

    pub fn since(self, before: Cpu) -> Self {
        Self {
            server: self.server - before.server,
            client: self.client - before.client,
            machine: self.machine - before.machine,
        }
    }
}

fn cpu_of(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program stands in parentheses and may contain anything; utime and stime are the
    // 12th and 13th field after it.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Resident memory in bytes.
pub fn rss(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
}

/// Resident memory once it has stopped moving, or after the last reading.
pub async fn settled_rss(pid: u32) -> io::Result<u64> {
    let mut readings = Vec::with_capacity(SETTLE_READINGS);
    for _ in 0..SETTLE_READINGS {
        readings.push(rss(pid)?);
        if let Some(last) = readings.len().checked_sub(STABLE_READINGS).and_then(|from| readings.get(from..)) {
            let (least, most) = (last.iter().min(), last.iter().max());
            if least.zip(most).is_some_and(|(least, most)| most - least < STABLE_BYTES) {
                break;
            }
        }
        tokio::time::sleep(SETTLE_INTERVAL).await;
    }
    readings.last().copied().ok_or_else(|| io::Error::other("no reading"))
}
