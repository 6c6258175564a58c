use super::*;

/// The shared data of a process.
#[derive(Default)]
struct Process {
    value: Option<Vec<u8>>,
    version: u32,
}

impl Process {
    fn read(&self) -> SharedValue {
        SharedValue { value: self.value.clone(), version: self.value.as_ref().map(|_| self.version) }
    }

    fn write(&mut self, claim: &Claim) -> bool {
        let fits = self.value.is_none() || claim.version == Some(self.version);
        if fits {
            self.value = Some(claim.value.clone());
            self.version += 1;
        }
        fits
    }
}

struct Stream {
    presence: Presence,
    head: Head,
}

impl Stream {
    fn new(id: u8) -> Self {
        let head = Head { stream: StreamId::from_bytes([id; 16]), number: 0, digest: Digest::of(&[id]) };
        Self { presence: Presence::new(60), head }
    }

    fn tick(&mut self, process: &mut Process, seconds: u64) -> Option<Vec<u8>> {
        let cell = std::cell::RefCell::new(process);
        let mut read = |_: &str| cell.borrow().read();
        let mut write = |claim: &Claim| cell.borrow_mut().write(claim);
        let mut shared = Shared { read: &mut read, write: &mut write };
        let named = self.presence.tick(self.head, &mut shared, Timestamp::from_secs(1_000_000 + seconds));
        named.map(|heads| heads.iter().map(|head| head.stream.as_bytes()[0]).collect())
    }
}

/// Who beats at which second, and whom it names.
fn run(streams: &mut [Stream], process: &mut Process, seconds: std::ops::Range<u64>) -> Vec<(u64, u8, Vec<u8>)> {
    let mut beats = Vec::new();
    for second in seconds {
        for stream in &mut *streams {
            if let Some(named) = stream.tick(process, second) {
                beats.push((second, stream.head.stream.as_bytes()[0], named));
            }
        }
    }
    beats
}

#[test]
fn one_stream_beats_and_names_the_others() {
    let (mut process, mut streams) = (Process::default(), [1, 2, 3].map(Stream::new));
    let beats = run(&mut streams, &mut process, 0..200);
    assert_eq!(beats.iter().map(|(_, who, _)| *who).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(beats.iter().all(|(_, _, named)| *named == [2, 3]));
    for (beat, n) in beats.iter().zip(1..) {
        assert!((60 * n..=70 * n).contains(&beat.0), "{}", beat.0);
    }
}

#[test]
fn another_takes_over_when_the_holder_is_gone_and_the_gone_one_is_forgotten() {
    let (mut process, mut streams) = (Process::default(), [1, 2, 3].map(Stream::new));
    run(&mut streams, &mut process, 0..30);
    let beats = run(&mut streams[1..], &mut process, 30..400);
    assert!(beats[0].0 <= 60 + 30 + 10, "within the promise of two beats");
    assert_eq!((beats[0].1, &beats[0].2), (2, &vec![1, 3]));
    assert_eq!(beats.last().unwrap().2, [3]);
    assert!(beats.iter().all(|(_, who, _)| *who == 2));
}

#[test]
fn who_leaves_is_replaced_at_once() {
    let (mut process, mut streams) = (Process::default(), [1, 2].map(Stream::new));
    run(&mut streams, &mut process, 0..30);
    let leaving = streams[0].head.stream;
    let cell = std::cell::RefCell::new(&mut process);
    let mut read = |_: &str| cell.borrow().read();
    let mut write = |claim: &Claim| cell.borrow_mut().write(claim);
    Presence::leave(leaving, &mut Shared { read: &mut read, write: &mut write });
    let beats = run(&mut streams[1..], &mut process, 30..90);
    assert_eq!(
        beats.iter().map(|(second, who, named)| (*second <= 70, *who, named.len())).collect::<Vec<_>>(),
        [(true, 2, 0)]
    );
}

#[test]
fn a_new_head_is_shown_at_once_and_an_old_one_now_and_then() {
    let (mut process, mut stream) = (Process::default(), Stream::new(1));
    stream.tick(&mut process, 0);
    let writes = process.version;
    (1..10).for_each(|second| assert_eq!(stream.tick(&mut process, second), None));
    assert_eq!(process.version, writes);
    stream.head.number = 1;
    stream.tick(&mut process, 9);
    assert_eq!(process.version, writes + 1);
    assert_eq!(Roster::read(process.value.as_deref().unwrap()).entries[0].head, stream.head);
}

#[test]
fn a_lost_race_is_run_again_at_the_next_tick() {
    let (mut process, mut stream) = (Process::default(), Stream::new(1));
    stream.tick(&mut process, 0);
    stream.head.number = 1;
    let value = process.read();
    let mut read = |_: &str| value.clone();
    let mut write = |_: &Claim| false;
    let mut shared = Shared { read: &mut read, write: &mut write };
    assert_eq!(stream.presence.tick(stream.head, &mut shared, Timestamp::from_secs(1_000_100)), None);
    assert_eq!(stream.tick(&mut process, 101), Some(Vec::new()));
}

#[test]
fn where_nothing_is_shared_each_stream_beats_for_itself() {
    let mut stream = Stream::new(1);
    let mut tick = |second| {
        let mut read = |_: &str| SharedValue::default();
        let mut write = |_: &Claim| false;
        let mut shared = Shared { read: &mut read, write: &mut write };
        stream.presence.tick(stream.head, &mut shared, Timestamp::from_secs(second))
    };
    let beats: Vec<u64> = (1_000..1_200).filter(|second| tick(*second).is_some()).collect();
    assert_eq!(beats, [1_060, 1_120, 1_180]);
}

#[test]
fn a_clock_that_is_set_back_stops_no_beat() {
    let (mut process, mut streams) = (Process::default(), [1, 2].map(Stream::new));
    run(&mut streams, &mut process, 100_000..100_030);
    let beats = run(&mut streams, &mut process, 0..130);
    assert!(beats.len() >= 2, "{beats:?}");
}

#[test]
fn strange_values_are_nothing_and_many_streams_take_turns() {
    for bytes in [&b""[..], b"x", &[0; 23], &[7; 24], &[9; 100], &[255; 40_000]] {
        assert!(Roster::read(bytes).entries.len() <= MAX_STREAMS);
    }
    let now = Timestamp::from_secs(1_000);
    let mut roster = Roster::default();
    for id in 0..=255 {
        let head = Head { stream: StreamId::from_bytes([id; 16]), number: 7, digest: Digest::of(&[id]) };
        roster.put(head, now, 180_000);
    }
    assert_eq!(Roster::read(&roster.encode()), roster);
    let mut presence = Presence::new(60);
    let mut named = std::collections::BTreeSet::new();
    for _ in 0..6 {
        let others = presence.others(&roster, StreamId::from_bytes([3; 16]));
        assert_eq!(others.len(), MAX_SIBLINGS);
        named.extend(others.iter().map(|head| head.stream));
    }
    assert_eq!(named.len(), 255, "all but itself are named in turn");
}
