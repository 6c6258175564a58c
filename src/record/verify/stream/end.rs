//! How a stream ends.

use super::Stream;
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::report::End;
use crate::time::Timestamp;

impl Stream {
    /// How it ends, as of a moment. `replaced`: its writer group opened another stream after `since`.
    pub(in crate::record::verify) fn end(&mut self, as_of: Timestamp, replaced: &dyn Fn(Timestamp) -> bool) -> End {
        let Some(last) = self.chain.last().cloned() else { return End::None };
        let present = self.seen_by_sibling.unwrap_or_default().max(last.issued);
        // a tenth of grace: a beat is sent by a timer
        let until = present.plus_millis(last.promise.saturating_mul(1_100));
        if self.closed {
            End::Closed
        } else if self.truncated {
            End::Truncated
        } else if until >= as_of {
            End::Live
        } else if !last.inside {
            End::Outside
        } else if last.pending == 0 && replaced(last.issued) {
            End::EndedIdle
        } else {
            let problem = Problem::at(ProblemKind::UncleanEnd, last.id.clone());
            self.problems
                .push(problem.sides("close", format!("pend {} at the end, and {} s more", last.pending, last.promise)));
            End::UncleanEnd
        }
    }
}
