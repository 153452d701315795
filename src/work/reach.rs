//! Whom a broadcast would reach, what that costs and when it would be through: counted before it starts.

use jiff::Timestamp;

use crate::engine::belongs;
use crate::model::{Audience, Time};
use crate::playbook::plan::{Next, Plan, Verb};
use crate::playbook::{PlanSet, compile_audience, typical_segments};
use crate::store::{self, Shared};

/// Contacts read at a time.
const PAGE: usize = 1_000;

/// Contacts that are asked; beyond them the count says that there are more. About a second of work.
const MAX_ASKED: u64 = 200_000;

/// Days looked ahead for the end: a year of windows.
const MAX_WINDOWS: usize = 400;

/// What a broadcast would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reach {
    /// Contacts that were asked.
    pub asked: u64,
    /// Whether these were all.
    pub whole: bool,
    /// Of these, in the audience.
    pub members: u64,
    /// Of the members, without the consent that the playbook's class needs.
    pub no_consent: u64,
    /// Segments of the texts before the first answer, with names and links as long as most.
    pub segments: u32,
    /// Contacts a second that sender, `max_rate` and `spread_over` allow.
    pub rate: f64,
    /// When the first text may go out, by the workspace's zone.
    pub begins: Option<Time>,
    /// When the last one will have left.
    pub ends: Option<Time>,
}

impl Reach {
    /// Contacts that get a text, as far as can be known before their turn comes.
    pub fn texted(&self) -> u64 {
        self.members - self.no_consent
    }
}

/// Asks every contact.
pub async fn reach(store: &Shared, plans: &PlanSet, plan: &Plan, written: &Audience, at: Time) -> store::Result<Reach> {
    let mut reach = Reach { segments: segments(plan), ..Reach::default() };
    let Ok(audience) = compile_audience(written) else { return Ok(reach) };
    let now = store.now();
    let needs_consent = plans.workspace.class(plan.class).is_some_and(|rules| rules.needs_consent);
    let most = written.limit.unwrap_or(u64::MAX);
    let mut after = 0;
    while reach.asked < MAX_ASKED && reach.members < most {
        let page = store.contacts(after, PAGE).await?;
        for contact in page.iter().filter(|contact| belongs(plans, contact, &audience, now)) {
            if reach.members == most {
                break;
            }
            reach.members += 1;
            reach.no_consent += u64::from(needs_consent && !contact.consent.contains("marketing"));
        }
        reach.asked += page.len() as u64;
        reach.whole = page.len() < PAGE || reach.members == most;
        match page.last() {
            Some(last) if !reach.whole => after = last.number,
            _ => break,
        }
        // Other work on this thread gets its turn.
        tokio::task::yield_now().await;
    }
    reach.rate = rate(plans, plan, &reach);
    (reach.begins, reach.ends) = times(plans, plan, &reach, at.timestamp().max(now.timestamp()));
    Ok(reach)
}

/// Segments of the texts that go out before anybody answers.
fn segments(plan: &Plan) -> u32 {
    let mut sum = 0;
    let mut next = &plan.start;
    // A plan has no way through more steps than it has.
    for _ in 0..plan.steps.len() {
        let Next::Step(at) = next else { break };
        let Some(step) = plan.steps.get(*at) else { break };
        match &step.verb {
            Verb::Send(send) => sum += typical_segments(send.text.fallback.source()),
            Verb::Question(question) => {
                sum += question.send.as_ref().map_or(0, |send| typical_segments(send.text.fallback.source()));
                break;
            }
            _ => {}
        }
        next = &step.next;
    }
    sum.max(1)
}

/// Contacts a second.
fn rate(plans: &PlanSet, plan: &Plan, reach: &Reach) -> f64 {
    let sender = plans.workspace.sender(plan.from.as_deref());
    let speed = sender.map_or(1.0, |sender| sender.mps * sender.numbers.len().max(1) as f64) / f64::from(reach.segments);
    let rate = plan.max_rate.as_ref().map_or(speed, |max| speed.min(max.per_second));
    match plan.spread_over {
        Some(spread) => {
            let whole = Time(0).until(spread.after(Time(0).timestamp(), &plans.workspace.timezone).into()).as_secs_f64();
            rate.min(reach.texted() as f64 / whole.max(1.0))
        }
        None => rate,
    }
}

/// When it begins and ends, if only the hours of the workspace's own zone are looked at.
fn times(plans: &PlanSet, plan: &Plan, reach: &Reach, from: Timestamp) -> (Option<Time>, Option<Time>) {
    let zones = std::slice::from_ref(&plans.workspace.timezone);
    let hours = plans.workspace.hours(plan.class, &plan.hours);
    let begins = hours.next_open(from, zones);
    if begins == Timestamp::MAX || reach.rate <= 0.0 {
        return (None, None);
    }
    let (mut left, mut open) = (reach.texted() as f64 / reach.rate, begins);
    for _ in 0..MAX_WINDOWS {
        let from = Time::from(open);
        match hours.closes(open, zones).map(Time::from) {
            Some(closes) if from.until(closes).as_secs_f64() < left => {
                left -= from.until(closes).as_secs_f64();
                open = hours.next_open(closes.timestamp(), zones);
            }
            _ => return (Some(begins.into()), Some(from.plus(std::time::Duration::from_secs_f64(left)))),
        }
    }
    (Some(begins.into()), None)
}
