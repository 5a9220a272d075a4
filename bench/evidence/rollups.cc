#include "evidence/rollups.h"

#include <fmt/format.h>

namespace evidence_bench {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

constexpr const char* kAddTraffic = R"(
INSERT INTO traffic VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, octets = octets + excluded.octets)";
constexpr const char* kAddClient = R"(
INSERT INTO client VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, octets = octets + excluded.octets)";
constexpr const char* kAddDecision = R"(
INSERT INTO decision VALUES(?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count)";

constexpr const char* kTotalsSchema = R"(
CREATE TABLE IF NOT EXISTS name(number INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS day(segment, day, direction, organization, connector, partner, version,
    cipher, groups, level, verified, result, count, octets, PRIMARY KEY(segment, day, partner,
    organization, connector, direction, version, cipher, groups, level, verified, result))
    WITHOUT ROWID;
CREATE TEMP TABLE own(number INTEGER PRIMARY KEY, here INTEGER NOT NULL);
)";

// Names have numbers of their own here.
constexpr const char* kTake = R"(
BEGIN;
DELETE FROM day WHERE segment = {0};
DELETE FROM own;
INSERT INTO own SELECT number, 0 FROM sealed.name WHERE number IN (
    SELECT organization FROM sealed.traffic UNION SELECT connector FROM sealed.traffic UNION
    SELECT partner FROM sealed.traffic UNION SELECT cipher FROM sealed.traffic UNION
    SELECT groups FROM sealed.traffic);
INSERT OR IGNORE INTO name(text) SELECT text FROM sealed.name JOIN own USING(number);
UPDATE own SET here = (SELECT n.number FROM sealed.name AS s JOIN main.name AS n USING(text)
                       WHERE s.number = own.number);
INSERT INTO own VALUES(0, 0);
INSERT INTO day SELECT {0}, hour / 24, direction, o.here, c.here, p.here, version, k.here, g.here,
    level, verified, result, SUM(count), SUM(octets)
  FROM sealed.traffic AS t JOIN own AS o ON o.number = organization
  JOIN own AS c ON c.number = connector JOIN own AS p ON p.number = partner
  JOIN own AS k ON k.number = cipher JOIN own AS g ON g.number = groups
  GROUP BY hour / 24, p.here, o.here, c.here, direction, version, k.here, g.here, level, verified,
    result;
COMMIT;
)";

}  // namespace

Rollups::Rollups(Database& database, Dictionary& names, Contents& contents)
    : names_{names},
      contents_{contents},
      traffic_{database, kAddTraffic},
      clients_{database, kAddClient},
      decisions_{database, kAddDecision}
{
}

void Rollups::add(const Message& message)
{
    const auto hour = static_cast<std::uint32_t>(message.time / kHour);
    const std::uint32_t organization = names_.number_of(message.organization);
    const std::uint32_t partner = names_.number_of(message.sender_domain);
    const std::uint32_t cipher = names_.number_of(message.tls.cipher);
    traffic_.add({hour, 0, organization, names_.number_of(message.connector), partner,
                  message.tls.version, cipher, names_.number_of(message.tls.group), 0, 0, 0},
                 message.size);
    clients_.add({static_cast<std::uint32_t>(message.time / kDay), organization, message.client,
                  names_.number_of(message.helo), partner, message.tls.version, cipher},
                 message.size);
}

void Rollups::add(const Attempt& attempt)
{
    const auto hour = static_cast<std::uint32_t>(attempt.time / kHour);
    const Message& message = *attempt.message;
    traffic_.add(
        {hour, 1, names_.number_of(message.organization), names_.number_of(message.connector),
         names_.number_of(message.recipients.front().domain), attempt.tls.version,
         names_.number_of(attempt.tls.cipher), names_.number_of(attempt.tls.group), attempt.level,
         attempt.verified, attempt.last ? 0U : 1U},
        attempt.last ? message.size : 0);
    decisions_.add({hour, contents_.number_of(attempt.decision, decision_inputs),
                    contents_.number_of(attempt.certificate, certificate_facts)},
                   0);
}

void Rollups::add(const SessionEnd& end)
{
    if (end.messages != 0) return;
    const std::uint32_t nobody = 0;
    clients_.add(
        {static_cast<std::uint32_t>(end.time / kDay), nobody, end.client,
         names_.number_of(end.helo), nobody, end.tls.version, names_.number_of(end.tls.cipher)},
        0);
}

void Rollups::flush()
{
    traffic_.flush();
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
    database_.run(fmt::format(kTake, segment));
    database_.run("DETACH sealed");
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
