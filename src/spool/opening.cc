#include "spool/opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

std::string log_name(std::uint64_t number)
{
    return fmt::format("db/{:06}.log", number);
}

std::string groups(std::uint64_t count)
{
    return fmt::format("{} group{} of changes", count, count == 1 ? "" : "s");
}

// Something was stored here, whatever is missing now.
bool holds_mail(const SpoolFacts& facts)
{
    return facts.identity || facts.repair_interrupted || facts.tables > 0 || facts.body_files > 0 ||
           std::ranges::any_of(facts.logs, [](const LogFacts& log) {
               return log.reading.records + log.reading.records_behind > 0;
           });
}

// A spool that is being made has no identity and no bodies yet: RocksDB may have got anywhere.
bool is_new(const SpoolFacts& facts)
{
    return !holds_mail(facts) && !facts.has_manifest && !(facts.has_bodies && !facts.has_database);
}

void find_missing(const SpoolFacts& facts, std::vector<Damage>& damage)
{
    const std::string everything = "the list of its tables, and with it all queued mail";
    if (facts.repair_interrupted) damage.push_back({"a repair of it was interrupted", ""});
    if (!facts.has_database) {
        damage.push_back({"the folder db is missing", "all queued mail", true});
    } else if (facts.manifest.empty()) {
        damage.push_back({"db/CURRENT is missing or empty", everything, true});
    } else if (!facts.has_manifest) {
        damage.push_back({fmt::format("db/{} is missing", facts.manifest), everything, true});
    }
    for (const std::string& name : facts.not_folders) {
        damage.push_back(
            {name + " is a file in the place of a folder", "nothing that is known of"});
    }
    if (!facts.identity) return;  // of a version that made no such promise
    if (!*facts.identity) {
        damage.push_back({"the file identity is not readable", "nothing that is known of"});
    }
    if (!facts.has_bodies) {
        damage.push_back({"the folder bodies is missing", "the text of all large messages"});
    } else if (facts.body_folders_missing > 0) {
        damage.push_back(
            {fmt::format("{} of the 256 folders in bodies are missing", facts.body_folders_missing),
             "the text of the large messages in them"});
    }
}

// Without an identity no log is missed by its name. But an opening begins a log before it writes
// the list of the tables anew, and RocksDB removes one only after the next was begun: a database
// whose list is not the very first one has a log. Every opening writes into it before there is
// mail, and a log that is replayed becomes a table: bodies without either had their messages there.
void find_no_log(const SpoolFacts& facts, std::vector<Damage>& damage)
{
    constexpr std::string_view kFirstManifest = "MANIFEST-000001";
    const std::string lost = "the mail and the outcomes that were in the logs";
    if (facts.identity || !facts.has_manifest) return;
    if (facts.logs.empty()) {
        if (facts.manifest == kFirstManifest) return;  // a spool whose making was interrupted
        damage.push_back({"the file identity and all logs (db/*.log) are missing", lost, true});
        return;
    }
    const bool is_blank = std::ranges::all_of(facts.logs, [](const LogFacts& log) {
        return log.reading.records + log.reading.records_behind == 0;
    });
    if (is_blank && facts.tables == 0 && facts.body_files > 0) {
        damage.push_back(
            {"the file identity is missing, and no log has a whole record", lost, true});
    }
}

// Logs that RocksDB still needs.
std::vector<LogFacts> live_logs(const SpoolFacts& facts)
{
    std::vector<LogFacts> logs = facts.logs;
    if (facts.trial) {
        std::erase_if(logs,
                      [&](const LogFacts& log) { return log.number < facts.trial->oldest_log; });
    }
    return logs;
}

// The first record of a log behind the one at `at`, where any has one.
const LogFacts* next_with_records(const std::vector<LogFacts>& logs, std::size_t at)
{
    for (++at; at < logs.size(); ++at) {
        if (logs[at].reading.first_sequence) return &logs[at];
    }
    return nullptr;
}

std::uint64_t groups_from(const std::vector<LogFacts>& logs, std::size_t at)
{
    std::uint64_t count = 0;
    for (; at < logs.size(); ++at) {
        count += logs[at].reading.records + logs[at].reading.records_behind;
    }
    return count;
}

// Between the log at `at` and the one that follows it.
void find_gap(const std::vector<LogFacts>& logs, std::size_t at, Opening& opening)
{
    const LogReading& reading = logs[at].reading;
    const LogFacts* next = next_with_records(logs, at);
    if (next == nullptr) {
        if (reading.has_torn_end) opening.torn_log = logs[at].number;
        return;
    }
    // A replay that left the torn end out numbered on from there.
    if (!reading.last_sequence || *next->reading.first_sequence == *reading.last_sequence + 1)
        return;
    const std::uint64_t behind = groups_from(logs, at + 1);
    if (reading.has_torn_end) {
        opening.damage.push_back({fmt::format("{} is damaged from octet {} on",
                                              log_name(logs[at].number), reading.sound),
                                  fmt::format("the damaged part and {} after it", groups(behind)),
                                  true});
    } else {
        opening.damage.push_back({fmt::format("between {} and {} a part of the log is missing",
                                              log_name(logs[at].number), log_name(next->number)),
                                  "its contents", true});
    }
}

void find_damaged_logs(const std::vector<LogFacts>& logs, Opening& opening)
{
    for (std::size_t at = 0; at < logs.size(); ++at) {
        const LogReading& reading = logs[at].reading;
        if (reading.records_behind == 0) {
            find_gap(logs, at, opening);
            continue;
        }
        opening.damage.push_back(
            {fmt::format("{} is damaged from octet {} on", log_name(logs[at].number),
                         reading.sound),
             fmt::format("the damaged part and {} after it",
                         groups(reading.records_behind + groups_from(logs, at + 1))),
             true});
    }
}

// The point that was synced, in the log that it was synced in.
void find_lost_end(const std::vector<LogFacts>& logs, const LogPoint& point, Opening& opening)
{
    const auto at = std::ranges::find(logs, point.log, &LogFacts::number);
    if (at == logs.end()) {
        // Removed by RocksDB only after a later one was begun.
        if (!logs.empty() && logs.back().number > point.log) return;
        opening.damage.push_back({fmt::format("{} is missing", log_name(point.log)),
                                  "the mail and the outcomes that were in it", true});
        return;
    }
    const LogReading& reading = at->reading;
    if (reading.records_behind > 0) return;  // told already
    if (reading.last_sequence && *reading.last_sequence >= point.sequence) return;
    opening.torn_log.reset();
    const std::uint64_t found = reading.last_sequence.value_or(0);
    opening.damage.push_back(
        {fmt::format("{} is {} octet {} on", log_name(point.log),
                     reading.has_torn_end ? "damaged from" : "cut from", reading.sound),
         found == 0 ? "its contents"
                    : fmt::format("{} changes that were on the disk", point.sequence - found),
         true});
}

bool is_in_sequence(const std::vector<LogFacts>& logs)
{
    std::optional<std::uint64_t> before;
    for (const LogFacts& log : logs) {
        if (log.reading.has_torn_end) return false;
        if (!log.reading.first_sequence) continue;
        if (before && *log.reading.first_sequence != *before + 1) return false;
        before = log.reading.last_sequence;
    }
    return true;
}

std::optional<LogPoint> point_of(const SpoolFacts& facts, const std::optional<LogPoint>& known)
{
    if (known) return known;
    if (!facts.identity || !*facts.identity) return std::nullopt;
    return **facts.identity;
}

}  // namespace

bool needs_trial(const SpoolFacts& facts)
{
    return !facts.trial && facts.has_manifest && !is_in_sequence(facts.logs);
}

Opening decide_opening(const SpoolFacts& facts, const std::optional<LogPoint>& known)
{
    Opening opening;
    if (facts.identity && !*facts.identity && facts.identity->error() == IdentityError::Newer) {
        opening.kind = Opening::Kind::Newer;
        return opening;
    }
    if (is_new(facts)) {
        opening.kind = Opening::Kind::Make;
        return opening;
    }
    find_missing(facts, opening.damage);
    find_no_log(facts, opening.damage);
    for (const UnreadableFile& file : facts.unreadable) {
        opening.damage.push_back({fmt::format("{} cannot be read: {}", file.name, file.why),
                                  "the part that cannot be read", file.name.starts_with("db/")});
    }
    if (facts.trial && !facts.trial->error.empty()) {
        opening.damage.push_back({"the database cannot be read: " + facts.trial->error, "", true});
    }
    const auto logs = live_logs(facts);
    find_damaged_logs(logs, opening);
    if (const auto point = point_of(facts, known)) find_lost_end(logs, *point, opening);
    if (!opening.damage.empty()) opening.kind = Opening::Kind::Refuse;
    opening.keeps_bodies = !facts.identity;
    return opening;
}

std::string describe(const std::vector<Damage>& damage, const std::string& directory)
{
    std::string text = fmt::format("the spool {} is damaged: ", directory);
    for (std::size_t i = 0; i < damage.size(); ++i) {
        if (i > 0) text += "; ";
        text += damage[i].what;
        if (!damage[i].lost.empty()) {
            text += fmt::format(" (opened in this state, it would lose {})", damage[i].lost);
        }
    }
    return text +
           ". Nothing was removed. `hermetic spool check` reports what can be read; `hermetic "
           "spool repair` keeps that, moves the rest aside, and lets the server start";
}

std::string describe_newer(const std::string& directory)
{
    return fmt::format(
        "the spool {} was written by a newer version of this program, and was not changed: install "
        "that version again to deliver the queued mail, or to export it (hermetic spool export)",
        directory);
}

}  // namespace hermetic::spool
