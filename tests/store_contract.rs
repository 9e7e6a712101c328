//! The promises of [`postdesk::store::Store`] and [`postdesk::store::Reading`], kept by every back end: the tests see
//! only the two traits and a way to open one. A second back end is one more `contract!` at the end of this file.

#[path = "store_contract/facts.rs"]
mod facts;
#[path = "store_contract/figures.rs"]
mod figures;
#[path = "store_contract/holds.rs"]
mod holds;
#[path = "store_contract/intake.rs"]
mod intake;
#[path = "store_contract/outbox.rs"]
mod outbox;
#[path = "store_contract/people.rs"]
mod people;
#[path = "store_contract/quarantine.rs"]
mod quarantine;
#[path = "store_contract/support.rs"]
mod support;
#[path = "store_contract/watch.rs"]
mod watch;

macro_rules! contract {
    ($back_end:ident: $($room:ident: $($test:ident)+;)+) => {
        mod $back_end {
            $($(
                #[test]
                fn $test() {
                    super::$room::$test(&super::support::BackEnd::$back_end());
                }
            )+)+
        }
    };
}

contract! { sqlite:
    intake:
        a_mail_becomes_a_ticket_with_all_that_belongs_to_it
        a_source_key_is_taken_in_once
        one_that_panics_is_put_aside_and_the_others_go_on
        rows_that_contradict_what_is_there_are_refused_whole
        eight_threads_get_numbers_without_gap_or_double
        what_was_committed_is_there_after_a_death_without_goodbye
        every_field_of_a_ticket_and_its_entries_comes_back
        raw_mails_come_in_the_order_of_entries_and_once
        attempts_are_counted_until_there_is_a_fate
        what_is_settled_is_unfiled_until_it_is_filed
        a_cursor_is_kept_for_each_folder
        a_rehearsal_writes_nothing
        an_order_is_written_or_leaves_nothing;
    facts:
        the_same_bytes_are_a_duplicate
        the_same_content_over_other_hops_is_a_duplicate
        the_same_id_with_other_content_is_another_mail
        a_merged_ticket_is_followed_to_the_one_that_lives_on
        message_ids_of_both_directions_are_known
        a_bounce_names_our_mail_until_it_is_marked
        earlier_and_recent_tickets_of_the_sender_are_told
        what_recent_tickets_began_with_is_told
        loads_follow_every_change_of_owner_and_status
        turns_are_remembered
        acknowledgements_are_counted_by_address_domain_and_in_all
        a_clock_set_back_neither_frees_nor_locks_the_budget;
    figures:
        figures_are_of_the_period_and_of_one_moment;
    outbox:
        a_claim_counts_the_try_and_hands_out_the_finished_bytes
        a_lease_that_ran_out_is_handed_out_again
        an_interrupted_answer_goes_again_and_an_acknowledgement_does_not
        the_claims_of_the_dead_end_when_they_are_known_to_be_dead
        fresh_mail_comes_before_repeated_tries
        a_repeated_try_has_a_quarter_however_much_fresh_mail_waits
        what_a_customer_waits_for_goes_before_what_agents_are_told
        how_a_try_ended_decides_when_it_goes_again
        a_late_word_does_not_undo_what_is_known
        what_is_being_sent_is_left_alone_whatever_the_clock_says
        what_a_clock_that_was_ahead_put_off_is_due
        an_operator_retries_and_drops
        an_observed_mail_is_kept_and_never_sent
        an_address_that_cannot_be_written_to_fails_alone
        the_next_due_time_is_told
        a_mail_with_pieces_of_a_kept_mail_is_whole_again;
    people:
        an_import_adds_updates_and_forgets_nothing
        a_proof_is_never_taken_away
        the_organisation_is_the_contacts_else_the_domains
        a_search_folds_case_and_diacritics
        a_search_finds_the_same_whichever_way_it_goes
        a_search_is_never_a_query
        lists_are_filtered_and_newest_first;
    holds:
        holds_come_back_whole_and_are_counted_for_a_day
        a_ticket_that_is_held_about_is_found
        a_released_mail_is_handed_out_until_it_is_done
        an_answer_proves_the_address_of_a_contact_only;
    quarantine:
        an_unreadable_mail_is_kept_with_its_reason
        a_reopened_mail_gets_a_new_fate
        a_dropped_mail_stays_in_the_ledger
        a_decision_may_put_a_mail_aside;
    watch:
        what_people_must_hear_of_stands_until_it_is_told
        mail_that_does_not_leave_is_noted_with_its_end
        a_flood_of_alarms_is_cut_off_and_counted
        a_thing_is_said_once_in_its_pause
        what_came_is_told_in_the_order_of_discovery;
}
