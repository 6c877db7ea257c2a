//! Lessons: checks with a right and a wrong answer, just received.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::check::{Chapter, Check, Turn};
use crate::client::context::Context;
use crate::report::{Lesson, Verdict};
use crate::run::proof;
use crate::target::Target;

/// Lessons that are received at the same time: most of them wait most of the time.
const AT_ONCE: usize = 4;

/// Which lesson is asked for.
pub type Topic = (&'static Chapter, &'static Check);

/// The lessons that the reference server gives, about which everything is `known`, in the order of the topics. What may not
/// run beside others, or did not come out beside others as it should, is received alone.
///
/// # Errors
/// Those of the system, if there is no port for a mutant.
pub fn lessons(reference: &Target, known: &Context, topics: &[Topic], seed: u64) -> io::Result<Vec<Lesson>> {
    let found: Vec<Mutex<Option<Lesson>>> = topics.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let receive = || {
        while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < topics.len()) {
            let (chapter, _) = topics[at];
            if chapter.turn == Turn::Beside
                && let Ok(lesson) = lesson(reference, known, topics[at], seed)
            {
                *found[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(lesson);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(topics.len()) {
            scope.spawn(receive);
        }
    });
    let alone = |(lesson, topic): (Mutex<Option<Lesson>>, &Topic)| {
        let lesson = lesson.into_inner().unwrap_or_else(PoisonError::into_inner).filter(teaches);
        lesson.map_or_else(|| self::lesson(reference, known, *topic, seed), Ok)
    };
    found.into_iter().zip(topics).map(alone).collect()
}

/// Whether both answers are what they should be.
fn teaches(lesson: &Lesson) -> bool {
    lesson.right.outcome.verdict() == Verdict::Pass && lesson.wrong.outcome.verdict() == Verdict::Fail
}

fn lesson(reference: &Target, known: &Context, (chapter, check): Topic, seed: u64) -> io::Result<Lesson> {
    let right = proof::with_reference(reference, known, check, seed);
    let (wrong, _) = proof::with_mutant(reference, known, check, check.mutant, seed)?;
    Ok(Lesson { chapter, check, right, wrong })
}
