#include "cli/explain_words.h"

namespace hermetic::cli {
namespace {

struct Row {
    std::string_view id;
    std::string_view words;
};

// clang-format off
constexpr Row kRows[] = {
    {"tls.organization-level", "the organization's settings"},
    {"tls.next-hop-level", "an accepted domain's next hop, which is ours: encrypted where it says nothing else"},
    {"tls.next-hop-settings", "the accepted domain's settings for its next hop"},
    {"tls.local-hop", "a local host: the message does not leave the machine, nobody else's demand counts"},
    {"tls.implicit", "the host has TLS from the first octet: there is no clear text"},
    {"tls.literal-without-name", "a name is asked for, and an address literal has none: it is refused"},
    {"tls.connector-level", "the connector's settings"},
    {"tls.connector-audited", "the connector, in audit mode: recorded, not enforced"},
    {"tls.exception", "an exception: weaker for a time"},
    {"tls.exception-ended", "an exception that has ended: the lasting settings hold again"},
    {"tls.names-of-connector", "the connector's tls_names"},
    {"tls.name-of-next-hop", "the next hop proves itself by its own name"},
    {"tls.name-of-secure-mx", "DNSSEC proves the MX answer: the MX host's name counts"},
    {"tls.name-of-listed-mx", "the MTA-STS policy lists the host: its name counts"},
    {"tls.name-of-domain", "nothing proves the MX answer: a name of the domain counts"},
    {"tls.local-socket", "a local socket: the message does not leave the machine"},
    {"tls.rule-level", "a mail-flow rule"},
    {"tls.message-level", "the message, a notice about mail that required so much"},
    {"dane.not-asked", "the connector does not want DANE"},
    {"dane.usable", "the host's TLSA records (DANE)"},
    {"dane.usable-insecure-mx", "the host's TLSA records (DANE), though nothing proves the MX answer"},
    {"dane.unusable", "the host has TLSA records, none that can be used"},
    {"dane.lookup-failed", "the TLSA lookup failed: one may be hidden, the host is skipped"},
    {"dane.mandatory-insecure-mx", "DANE is required and nothing proves the MX answer: the host is skipped"},
    {"dane.mandatory-missing", "DANE is required and the host has no usable TLSA record: it is skipped"},
    {"sts.not-asked", "the connector does not want MTA-STS"},
    {"sts.testing", "the domain's MTA-STS policy, in testing"},
    {"sts.enforced", "the domain's MTA-STS policy"},
    {"sts.replaced-by-dane", "the domain's MTA-STS policy; DANE takes its place"},
    {"sts.mandatory-missing", "MTA-STS is required and the domain enforces none: the host is skipped"},
    {"sts.host-not-listed", "the domain's MTA-STS policy does not list the host: it is skipped"},
    {"requiretls.asked", "the message asks for REQUIRETLS"},
    {"requiretls.unproved-host", "the message asks for REQUIRETLS and nothing proves the host: it is skipped"},
    {"ratchet.holds", "what the destination has always had (ratchet)"},
    {"retirement.exempt", "an exception: the retirement plan does not count"},
    {"retirement.share", "the retirement plan: the destination is in its share now"},
    {"retirement.ended", "the retirement plan has ended"},
};
// clang-format on

}  // namespace

std::string_view describe_source(std::string_view id)
{
    for (const Row& row : kRows) {
        if (row.id == id) return row.words;
    }
    return id;
}

}  // namespace hermetic::cli
