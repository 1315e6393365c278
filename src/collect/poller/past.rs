//! The past, between polls: one question at a time, as long as the ceiling leaves room.

use jiff::Timestamp;
use tracing::{info, warn};

use crate::collect::backfill::{self, Complete, METERS, Question, Wanted, WantedFiner};
use crate::collect::collector::Finer;
use crate::collect::poller::Poller;
use crate::cost::polling::polling_cost;
use crate::domain::health::Traffic;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::Batch;
use crate::source::{Source, UsageReply, UsageRequest};

impl<S: Source> Poller<S> {
    /// Fetches one piece of the missing past, the newest first; `None` when there is none left, when it would cost too
    /// much, or when the source fails, in which case a later poll takes it up again.
    pub(in crate::collect) async fn backfill(&mut self, now: Timestamp) -> Option<Batch> {
        if self.is_failing {
            return None;
        }
        let question = self.past.next(&self.roster.keys(), self.source.is_metered());
        self.note_complete();
        let question = question?;
        if !self.affords(&question, now) {
            return None;
        }
        let asks = question.asks.clone();
        let request = UsageRequest { now, until: question.span.end, step: question.step, asks };
        let request = if question.is_look { UsageRequest { step: Step::HOUR, ..request } } else { request };
        let answer = self.source.usage(&request).await;
        let traffic = self.take_traffic(now);
        match answer {
            Ok(reply) => Some(self.take_past(now, &question, reply, traffic)),
            Err(error) => {
                warn!(scope = %self.source.scope(), %error, "a part of the past could not be fetched");
                self.notices.past = Some(format!("the past could not be fetched: {}", error.message));
                self.past.hold_up();
                None
            }
        }
    }

    fn take_past(&mut self, now: Timestamp, question: &Question, reply: UsageReply, traffic: Traffic) -> Batch {
        self.notices.past = None;
        self.past.answered(question, &reply.usage);
        self.note_complete();
        let usage = if question.is_look { Vec::new() } else { reply.usage };
        let empty = Batch::new(self.record(now, self.watermark, traffic));
        match question.step {
            Step::HOUR => Batch { hours: usage, ..empty },
            Step::FIVE_MINUTES => Batch { five_minutes: usage, ..empty },
            _ => Batch { points: usage, ..empty },
        }
    }

    /// Whether the ceiling leaves room for a question about the past.
    fn affords(&mut self, question: &Question, now: Timestamp) -> bool {
        let metrics: usize = question.asks.iter().map(|ask| ask.meters.len()).sum();
        let affords = !self.source.is_metered() || self.purse.affords_past(metrics, now);
        if !affords {
            self.past.hold_up();
            self.notices.past = Some(
                "the past is not fetched further this month: half of collect.ceiling_usd_month is spent".to_owned(),
            );
        }
        affords
    }

    /// Moves what is known of the past back over the pieces that are complete.
    fn note_complete(&mut self) {
        for complete in self.past.take_complete() {
            let (from, span) = match complete {
                Complete::Hours(span) => (&mut self.history_from, span),
                Complete::FiveMinutes(span) => (&mut self.five_minutes_from, span),
                Complete::Points(span) => (&mut self.points_from, span),
            };
            *from = (*from).min(Some(span.start));
            info!(scope = %self.source.scope(), from = %span.start, until = %span.end, "a part of the past is complete");
        }
    }

    pub(super) fn plan_past(&mut self, now: Timestamp) {
        let was_planned = self.past.percent().is_some();
        let known = |from: Option<Timestamp>| {
            let end = self.watermark?.checked_sub(self.settings.revise_window).ok()?;
            Some(TimeSpan { start: from.unwrap_or(end).min(end), end })
        };
        let known = backfill::Known {
            hours: known(self.history_from),
            points: known(self.points_from),
            five_minutes_from: self.five_minutes_from,
        };
        let before = |length| now.saturating_sub(length).unwrap_or(Timestamp::MIN);
        let finer = |finer: Finer| WantedFiner {
            points_from: before(finer.points),
            five_minutes_from: before(finer.five_minutes),
        };
        let wanted = Wanted { hours_from: before(self.settings.backfill), finer: self.settings.finer.map(finer) };
        self.past.plan(known, wanted, now);
        if self.past.percent().is_some() && !was_planned && self.source.is_metered() {
            self.tell_cost();
        }
    }

    /// Says in the log what fetching the past will cost, before it begins.
    fn tell_cost(&self) {
        let profiles = self.roster.keys().len();
        let (least, most) = self.past.metrics(profiles);
        let usd =
            |metrics: usize| polling_cost(&Traffic { metrics: metrics as u64, ..Traffic::default() }).to_exact_string();
        info!(
            scope = %self.source.scope(),
            profiles,
            meters = METERS.len(),
            usd_at_least = usd(least),
            usd_at_most = usd(most),
            "fetching the past begins"
        );
    }
}
