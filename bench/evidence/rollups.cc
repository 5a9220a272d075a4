#include "evidence/rollups.h"

#include <fmt/format.h>

namespace evidence_bench {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

constexpr const char* kAddTraffic = R"(
INSERT INTO {} VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, octets = octets + excluded.octets)";
constexpr const char* kAddClient = R"(
INSERT INTO client VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, octets = octets + excluded.octets)";
constexpr const char* kAddDecision = R"(
INSERT INTO decision VALUES(?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count)";

constexpr const char* kTotalsSchema = R"(
CREATE TABLE IF NOT EXISTS name(number INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS day(segment, day, partner, organization, connector, direction, version,
    cipher, groups, level, verified, result, count, octets, PRIMARY KEY(segment, day, partner,
    organization, connector, direction, version, cipher, groups, level, verified, result))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hour(segment, hour, partner, organization, connector, direction, version,
    cipher, groups, level, verified, result, count, octets, PRIMARY KEY(segment, hour, partner,
    organization, connector, direction, version, cipher, groups, level, verified, result))
    WITHOUT ROWID;
CREATE TEMP TABLE own(number INTEGER PRIMARY KEY, here INTEGER NOT NULL);
)";

constexpr const char* kNumbers = R"(
SELECT organization FROM sealed.day UNION SELECT connector FROM sealed.day UNION
SELECT partner FROM sealed.day UNION SELECT cipher FROM sealed.day UNION
SELECT groups FROM sealed.day UNION SELECT partner FROM sealed.hour)";

// `{0}`: day or hour; `{1}`: the segment.
constexpr const char* kTake = R"(
DELETE FROM main.{0} WHERE segment = {1};
INSERT INTO main.{0} SELECT {1}, t.{0}, p.here, o.here, c.here, direction, version, k.here, g.here,
    level, verified, result, count, octets
  FROM sealed.{0} AS t CROSS JOIN own AS p ON p.number = partner
  CROSS JOIN own AS o ON o.number = organization CROSS JOIN own AS c ON c.number = connector
  CROSS JOIN own AS k ON k.number = cipher CROSS JOIN own AS g ON g.number = groups;
)";

}  // namespace

Rollups::Rollups(Database& database, Dictionary& names, Contents& contents, Hours hours)
    : names_{names},
      contents_{contents},
      hours_of_{hours},
      hours_{database, fmt::format(kAddTraffic, "hour")},
      days_{database, fmt::format(kAddTraffic, "day")},
      clients_{database, kAddClient},
      decisions_{database, kAddDecision}
{
}

void Rollups::add(Traffic::Key key, std::int64_t time, std::uint64_t octets)
{
    key[0] = static_cast<std::uint32_t>(time / kDay);
    days_.add(key, octets);
    key[0] = static_cast<std::uint32_t>(time / kHour);
    if (hours_of_ == Hours::WithoutPartners) key[1] = names_.number_of("");
    hours_.add(key, octets);
}

void Rollups::add(const Message& message)
{
    const std::uint32_t organization = names_.number_of(message.organization);
    const std::uint32_t partner = names_.number_of(message.sender_domain);
    const std::uint32_t cipher = names_.number_of(message.tls.cipher);
    add({0, partner, organization, names_.number_of(message.connector), 0, message.tls.version,
         cipher, names_.number_of(message.tls.group), 0, 0, 0},
        message.time, message.size);
    clients_.add({static_cast<std::uint32_t>(message.time / kDay), message.client, organization,
                  names_.number_of(message.helo), partner, message.tls.version, cipher},
                 message.size);
}

void Rollups::add(const Attempt& attempt)
{
    const Message& message = *attempt.message;
    add({0, names_.number_of(message.recipients.front().domain),
         names_.number_of(message.organization), names_.number_of(message.connector), 1,
         attempt.tls.version, names_.number_of(attempt.tls.cipher),
         names_.number_of(attempt.tls.group), attempt.level, attempt.verified,
         attempt.last ? 0U : 1U},
        attempt.time, attempt.last ? message.size : 0);
    decisions_.add({static_cast<std::uint32_t>(attempt.time / kHour),
                    contents_.number_of(attempt.decision, decision_inputs),
                    contents_.number_of(attempt.certificate, certificate_facts)},
                   0);
}

void Rollups::add(const SessionEnd& end)
{
    if (end.messages != 0) return;
    const std::uint32_t nobody = names_.number_of("");
    clients_.add(
        {static_cast<std::uint32_t>(end.time / kDay), end.client, nobody,
         names_.number_of(end.helo), nobody, end.tls.version, names_.number_of(end.tls.cipher)},
        0);
}

void Rollups::flush()
{
    hours_.flush();
    days_.flush();
    clients_.flush();
    decisions_.flush();
}

Totals::Totals(const std::string& path) : database_{path, Use::Written}
{
    database_.run(kTotalsSchema);
}

void Totals::take(const std::string& sealed, std::uint32_t segment)
{
    database_.run("ATTACH 'file:" + sealed + "?immutable=1' AS sealed");
    database_.run("BEGIN");
    map_names(sealed);
    for (const char* table : {"day", "hour"}) database_.run(fmt::format(kTake, table, segment));
    // Hours are kept for 8 days.
    database_.run(fmt::format("DELETE FROM main.hour WHERE segment + 8 <= {}", segment));
    database_.run("COMMIT");
    database_.run("DETACH sealed");
}

void Totals::map_names(const std::string& sealed)
{
    Database segment{sealed, Use::Sealed};
    Dictionary names{segment};
    Statement numbers{database_, kNumbers};
    Statement insert{database_, "INSERT OR IGNORE INTO main.name(text) VALUES(?)"};
    Statement map{database_, "INSERT INTO own SELECT ?, number FROM main.name WHERE text = ?"};
    database_.run("DELETE FROM own");
    while (numbers.next()) {
        const std::int64_t number = numbers.number_at(0);
        const std::string text = names.text_of(static_cast<std::uint32_t>(number));
        insert.octets(text).execute();
        map.number(number).octets(text).execute();
    }
}

std::size_t Totals::count_rows(const char* sql)
{
    Statement statement{database_, sql};
    std::size_t rows = 0;
    while (statement.next()) ++rows;
    return rows;
}

std::size_t Totals::report_versions()
{
    return count_rows(
        "SELECT direction, version, SUM(count), SUM(octets) FROM day GROUP BY direction, version");
}

std::size_t Totals::report_partners()
{
    return count_rows(
        "SELECT partner, SUM(count), SUM(count) FILTER (WHERE version < 3) FROM day GROUP BY "
        "partner ORDER BY 2 DESC LIMIT 100");
}

std::int64_t Totals::rows()
{
    Statement statement{database_, "SELECT COUNT(*) FROM day"};
    return statement.next() ? statement.number_at(0) : 0;
}

}  // namespace evidence_bench
