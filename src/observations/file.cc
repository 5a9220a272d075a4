#include "observations/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hermetic::observations {
namespace {

using directory::Statement;
using facts::TlsVersion;
using policy::History;

constexpr std::int64_t kFormat = 2;  // PRAGMA user_version
constexpr std::size_t kNumbers = 35;
using Numbers = std::array<std::int64_t, kNumbers>;

// The columns behind organization, destination and host, in the order of flatten().
constexpr std::array<const char*, kNumbers> kColumns{
    "first_seen",      "last_seen",      "last_version",  "last_name",      "last_offered",
    "tls_since",       "tls_last",       "tls_days",      "tls11_since",    "tls11_last",
    "tls11_days",      "tls12_since",    "tls12_last",    "tls12_days",     "tls13_since",
    "tls13_last",      "tls13_days",     "name_since",    "name_last",      "name_days",
    "old10_seen",      "old10_sessions", "old11_seen",    "old11_sessions", "fell",
    "fell_since",      "fell_was",       "fell_was_name", "fell_is",        "fell_is_name",
    "fell_is_offered", "fell_held",      "fell_over",     "fell_until",     "chosen"};

std::int64_t number_of(WallTime time)
{
    return time.time_since_epoch().count();
}

WallTime time_of(std::int64_t number)
{
    return WallTime{std::chrono::milliseconds{number}};
}

std::int64_t number_of(TlsVersion version)
{
    return static_cast<std::int64_t>(version);
}

// What no version wrote there is as good as nothing seen.
TlsVersion version_of(std::int64_t number)
{
    const bool known = number >= 0 && number <= number_of(TlsVersion::Tls13);
    return known ? static_cast<TlsVersion>(number) : TlsVersion::None;
}

policy::Run run_at(const Numbers& numbers, std::size_t at)
{
    const auto days = std::min<std::int64_t>(std::max<std::int64_t>(numbers[at + 2], 0), 100'000);
    return {time_of(numbers[at]), time_of(numbers[at + 1]), static_cast<std::uint32_t>(days)};
}

constexpr std::size_t kRuns = 5;
constexpr std::size_t kOld = 20;
constexpr std::size_t kFall = 24;
constexpr std::size_t kChosen = 34;

Numbers flatten(const History& history)
{
    Numbers numbers{};
    numbers[0] = number_of(history.first_seen);
    numbers[1] = number_of(history.last_seen);
    numbers[2] = number_of(history.last.version);
    numbers[3] = history.last.verified_name ? 1 : 0;
    numbers[4] = history.last.starttls_offered ? 1 : 0;
    std::size_t at = kRuns;
    const auto put = [&](const policy::Run& run) {
        numbers[at++] = number_of(run.since);
        numbers[at++] = number_of(run.last);
        numbers[at++] = run.days;
    };
    for (const policy::Run& run : history.versions) put(run);
    put(history.name);
    for (std::size_t i = 0; i < history.old.size(); ++i) {
        numbers[kOld + 2 * i] = number_of(history.old[i].last);
        numbers[kOld + 2 * i + 1] = static_cast<std::int64_t>(history.old[i].sessions);
    }
    numbers[kChosen] = history.chosen ? 1 : 0;
    if (!history.fall) return numbers;
    const policy::Fall& fall = *history.fall;
    const std::array<std::int64_t, kChosen - kFall> told{1,
                                                         number_of(fall.since),
                                                         number_of(fall.was.min),
                                                         fall.was.verified_name ? 1 : 0,
                                                         number_of(fall.is.version),
                                                         fall.is.verified_name ? 1 : 0,
                                                         fall.is.starttls_offered ? 1 : 0,
                                                         fall.held ? 1 : 0,
                                                         fall.over ? number_of(*fall.over) : 0,
                                                         number_of(fall.until)};
    std::ranges::copy(told, numbers.begin() + kFall);
    return numbers;
}

History unflatten(const Numbers& numbers)
{
    History history;
    history.first_seen = time_of(numbers[0]);
    history.last_seen = time_of(numbers[1]);
    history.last = {version_of(numbers[2]), numbers[3] != 0, numbers[4] != 0};
    for (std::size_t i = 0; i < history.versions.size(); ++i) {
        history.versions[i] = run_at(numbers, kRuns + 3 * i);
    }
    history.name = run_at(numbers, kRuns + 3 * history.versions.size());
    for (std::size_t i = 0; i < history.old.size(); ++i) {
        history.old[i] = {time_of(numbers[kOld + 2 * i]),
                          static_cast<std::uint64_t>(numbers[kOld + 2 * i + 1])};
    }
    history.chosen = numbers[kChosen] != 0;
    if (numbers[kFall] == 0) return history;
    policy::Fall fall;
    fall.since = time_of(numbers[kFall + 1]);
    fall.was = {true, numbers[kFall + 3] != 0, version_of(numbers[kFall + 2])};
    fall.is = {version_of(numbers[kFall + 4]), numbers[kFall + 5] != 0, numbers[kFall + 6] != 0};
    fall.held = numbers[kFall + 7] != 0;
    if (numbers[kFall + 8] != 0) fall.over = time_of(numbers[kFall + 8]);
    fall.until = time_of(numbers[kFall + 9]);
    history.fall = fall;
    return history;
}

// "first_seen, last_seen, …", or ", ?, ?, …" and the like.
std::string columns(std::string_view before, std::string_view after)
{
    std::string text;
    for (const char* column : kColumns) {
        text += ", ";
        text.append(before).append(before.empty() ? column : "").append(after);
    }
    return text;
}

std::string schema()
{
    return "CREATE TABLE IF NOT EXISTS destination (organization TEXT NOT NULL, destination TEXT "
           "NOT NULL, host TEXT NOT NULL" +
           columns("", " INTEGER NOT NULL") +
           ", PRIMARY KEY (organization, destination)) WITHOUT ROWID;"
           "CREATE TABLE IF NOT EXISTS client (client TEXT NOT NULL, version INTEGER NOT NULL, "
           "helo TEXT NOT NULL, sender TEXT NOT NULL, first_seen INTEGER NOT NULL, "
           "last_seen INTEGER NOT NULL, sessions INTEGER NOT NULL, "
           "PRIMARY KEY (client, version)) WITHOUT ROWID;"
           "PRAGMA user_version = 2;";
}

// Format 1 did not say until when a fall is held: as long as it is where nothing is set. Nor who
// chose a destination: nobody's history is given up for that.
std::string from_format_1()
{
    constexpr auto kHold =
        std::chrono::duration_cast<std::chrono::milliseconds>(objects::RatchetSettings{}.hold);
    return fmt::format(
        "BEGIN; ALTER TABLE destination ADD COLUMN fell_until INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE destination ADD COLUMN chosen INTEGER NOT NULL DEFAULT 1;"
        "UPDATE destination SET fell_until = fell_since + {} WHERE fell = 1;"
        "PRAGMA user_version = 2; COMMIT;",
        kHold.count());
}

}  // namespace

Result<std::unique_ptr<File>, std::string> File::open(const std::string& path)
{
    auto connection = directory::Connection::open(path, directory::Access::ReadWrite);
    if (!connection) return failure(path + ": " + connection.error());
    std::unique_ptr<File> file{new File{*std::move(connection), path}};
    Statement version{file->connection_, "PRAGMA user_version"};
    if (!version.next()) return failure(file->failed());
    const std::int64_t format = version.number(0);  // 0: of a file that is new
    if (format > kFormat)
        return failure(path + ": it was written by a newer version of this program");
    (void)version.finish();
    if (format == 1 && !file->connection_.run(from_format_1().c_str()))
        return failure(file->failed());
    // The last seconds may be lost: no sync for each write, which keeps the file whole all the
    // same.
    if (!file->connection_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;") ||
        !file->connection_.run(schema().c_str()))
        return failure(file->failed());
    return file;
}

Result<std::unique_ptr<File>, std::string> File::open_to_read(const std::string& path)
{
    auto connection = directory::Connection::open(path, directory::Access::ReadOnly);
    if (!connection) return failure(path + ": " + connection.error());
    std::unique_ptr<File> file{new File{*std::move(connection), path}};
    Statement version{file->connection_, "PRAGMA user_version"};
    if (!version.next()) return failure(file->failed());
    const std::int64_t format = version.number(0);
    if (format > kFormat)
        return failure(path + ": it was written by a newer version of this program");
    if (format < kFormat)
        return failure(path + ": a server of this version has not written to it yet; start it");
    return file;
}

std::string File::failed() const
{
    return path_ + ": " + connection_.error();
}

Result<File::Contents, std::string> File::read()
{
    Contents contents;
    Statement rows{connection_, "SELECT organization, destination, host" + columns("", "") +
                                    " FROM destination ORDER BY last_seen DESC"};
    while (rows.next()) {
        Numbers numbers{};
        for (std::size_t i = 0; i < kNumbers; ++i)
            numbers[i] = rows.number(static_cast<int>(i) + 3);
        contents.destinations.push_back(
            {{rows.text(0), rows.text(1)}, rows.text(2), unflatten(numbers)});
    }
    Statement clients{connection_,
                      "SELECT client, version, helo, sender, first_seen, last_seen, sessions FROM "
                      "client ORDER BY last_seen DESC"};
    while (clients.next()) {
        contents.clients.push_back({{clients.text(0), version_of(clients.number(1))},
                                    clients.text(2),
                                    clients.text(3),
                                    time_of(clients.number(4)),
                                    time_of(clients.number(5)),
                                    static_cast<std::uint64_t>(clients.number(6))});
    }
    if (rows.failed() || clients.failed()) return failure(failed());
    return contents;
}

Result<void, std::string> File::write(const Observations::Changes& changes)
{
    if (!connection_.run("BEGIN IMMEDIATE")) return failure(failed());
    if (remove(changes) && put(changes.destinations) && put(changes.clients) &&
        connection_.run("COMMIT"))
        return {};
    auto error = failed();
    (void)connection_.run("ROLLBACK");
    return failure(std::move(error));
}

bool File::put(const std::vector<Destination>& destinations)
{
    Statement insert{connection_,
                     "INSERT OR REPLACE INTO destination (organization, destination, "
                     "host" +
                         columns("", "") + ") VALUES (?, ?, ?" + columns("?", "") + ")"};
    for (const Destination& each : destinations) {
        insert.bind(std::string_view{each.key.organization});
        insert.bind(std::string_view{each.key.destination}).bind(std::string_view{each.host});
        for (const std::int64_t number : flatten(each.history)) insert.bind(number);
        if (!insert.finish()) return false;
    }
    return !insert.failed();
}

bool File::put(const std::vector<Client>& clients)
{
    Statement insert{connection_, "INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?, ?)"};
    for (const Client& each : clients) {
        insert.bind(std::string_view{each.key.client}).bind(number_of(each.key.version));
        insert.bind(std::string_view{each.helo}).bind(std::string_view{each.sender});
        insert.bind(number_of(each.first_seen)).bind(number_of(each.last_seen));
        insert.bind(static_cast<std::int64_t>(each.sessions));
        if (!insert.finish()) return false;
    }
    return !insert.failed();
}

bool File::remove(const Observations::Changes& changes)
{
    Statement destination{connection_,
                          "DELETE FROM destination WHERE organization = ? AND destination = ?"};
    for (const DestinationKey& key : changes.gone_destinations) {
        destination.bind(std::string_view{key.organization});
        if (!destination.bind(std::string_view{key.destination}).finish()) return false;
    }
    Statement client{connection_, "DELETE FROM client WHERE client = ? AND version = ?"};
    for (const ClientKey& key : changes.gone_clients) {
        client.bind(std::string_view{key.client});
        if (!client.bind(number_of(key.version)).finish()) return false;
    }
    return !destination.failed() && !client.failed();
}

}  // namespace hermetic::observations
