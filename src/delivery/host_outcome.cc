#include "delivery/host_outcome.h"

#include "facts/reasons.h"
#include "outbound/io_outcome.h"

namespace hermetic::delivery {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Reason;

// It comes from the host or from the connection to it, rather than from a fault of this server.
bool is_of_the_host(const Outcome& outcome)
{
    return outcome.origin == facts::Origin::Remote ||
           outbound::is_lost_connection(outcome.reason) ||
           outcome.reason == Reason::ReplyUnexpected || outcome.reason == Reason::ReplyMalformed;
}

bool may_be_taken_elsewhere(const Outcome& outcome)
{
    if (outbound::is_unfit_host(outcome.reason)) return true;
    // At the end of the data the host may have it.
    return outcome.result == OutcomeClass::Deferred && outcome.stage != facts::Stage::EndOfData &&
           is_of_the_host(outcome);
}

// A host that deferred the mail, or was lost, may take it later: what the next one lacks, or this
// server does, is no reason to return it.
bool stays(const Outcome& before, const Outcome& now)
{
    const bool temporary =
        before.result == OutcomeClass::Deferred && !outbound::is_unfit_host(before.reason);
    return temporary && !is_of_the_host(now);
}

}  // namespace

HostVerdict judge_host(const Outcome* before, const Outcome& now)
{
    HostVerdict verdict;
    if (may_be_taken_elsewhere(now)) verdict.next = NextHost::MayTakeIt;
    if (before != nullptr && stays(*before, now)) verdict.counts = Counts::Before;
    return verdict;
}

}  // namespace hermetic::delivery
