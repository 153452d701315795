//! One suite for every store: what `store::Store` promises, told as cases that run on each. A rule about storage is tested nowhere else.
//!
//! A store joins with a line in `on_each_store!` and a way to open it in `world`. Time is moved by hand, so pace, leases and due times are
//! exact and nothing sleeps.

#![allow(clippy::unwrap_used)]

mod broadcasts;
mod commits;
mod files;
mod holds;
mod inbox;
mod loads;
mod pace;
mod pages;
mod people;
mod queue;
mod settling;
mod sum;
mod unsure;
mod world;

use world::World;

/// Makes a test of each case on each store.
macro_rules! on_each_store {
    ($($file:ident: $($case:ident)*;)*) => {
        mod memory {
            use super::*;
            $($(#[tokio::test] async fn $case() { $file::$case(&World::memory()).await; })*)*
        }
        mod sqlite {
            use super::*;
            $($(#[tokio::test] async fn $case() { $file::$case(&World::sqlite()).await; })*)*
        }
        mod redis {
            use super::*;
            $($(#[tokio::test] async fn $case() { $file::$case(&World::redis().await).await; })*)*
        }
    };
}

on_each_store! {
    inbox:
        a_post_is_claimed_with_its_event an_id_counts_once events_come_by_due_time_then_arrival what_is_due_later_waits
        a_claim_is_a_lease a_post_to_a_claimed_actor_waits_for_its_commit after_a_crash_events_come_one_by_one
        a_released_actor_is_due_again_when_said an_event_put_aside_is_listed_and_gone clocks_rest_where_no_event_is_to_blame
        a_claim_brings_a_bounded_number_of_events claims_are_cut_by_their_limit_earliest_first too_many_waiting_events_are_refused
        whoever_sleeps_is_woken a_broken_lease_moves_nothing;
    commits:
        a_commit_writes_everything a_changed_contact_makes_a_commit_stale a_text_that_has_gone_makes_a_commit_stale
        a_new_person_has_its_number_from_the_first_claim the_earliest_clock_wakes people_are_counted_by_step lists_grow_and_go
        links_lead_to_their_contact a_commit_posts_to_others counters_add_up an_unsettled_text_is_told_with_the_claim;
    queue:
        texts_of_a_contact_go_one_by_one a_better_priority_takes_the_head priorities_go_over_all_lanes
        nothing_follows_an_unknown_text_but_what_jumps the_contacts_word_unblocks a_text_put_back_keeps_its_place
        a_text_past_its_time_is_taken_out a_stop_stops_every_later_post a_lane_without_speed_sends_nothing
        a_slowed_lane_waits_and_others_go calls_have_no_pace_and_are_made_again_after_a_crash cancelled_texts_leave_their_lane;
    holds:
        a_held_playbook_sends_nothing_and_then_goes_on a_cancelled_broadcast_ends_its_texts everything_can_be_held
        a_long_hold_is_let_go_in_pages a_held_text_can_be_cancelled_by_its_conversation;
    settling:
        an_accepted_text_is_told_once a_refused_text_is_told_and_the_next_goes a_report_before_the_settlement_binds
        a_report_of_a_text_put_back_keeps_it_from_going_again an_undelivered_text_is_told_once an_unknown_report_changes_nothing
        a_report_by_twilios_name_finds_the_text;
    unsure:
        a_dead_lease_becomes_unknown_and_is_looked_up looks_are_put_off_and_counted only_the_current_attempt_settles
        an_unknown_text_can_be_sent_again_or_kept;
    people:
        a_contact_is_made_and_changed watched_tags_are_told_once consent_is_kept_in_its_ledger an_opt_out_suppresses_and_an_opt_in_lifts
        all_patches_or_none erasing_leaves_nothing_but_the_suppression an_erased_person_in_mid_step_is_not_written_again
        plans_and_facts_are_kept;
    broadcasts:
        a_broadcast_begins_once a_lane_below_its_mark_wakes_the_broadcast_once a_lane_already_below_wakes_at_once
        a_commit_starts_broadcasts plans_of_unfinished_broadcasts_are_in_use;
    pages:
        conversations_page_newest_first messages_are_found_by_what_they_have handoffs_show_open_ones_first the_old_is_forgotten
        contacts_page_by_number_of_creation journals_page_by_entry lanes_tell_what_waits;
    loads:
        fifty_thousand_due_at_once_drain many_lanes_share_a_claim_fairly a_hundred_posts_with_one_id_count_once;
}
