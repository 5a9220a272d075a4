// TLS settings, of connectors and of accepted domains for their next hops: what lasts is not weaker
// than the organization, what is weaker ends (specification §3.1).
#include "core/text.h"
#include "objects/validate_parts.h"

#include <algorithm>

namespace hermetic::objects {
namespace {

constexpr const char* kExceptionForm =
    "exception = { tls = \"…\", valid_until = \"2026-12-31T00:00:00Z\", reason = \"…\" }";

// Whose settings they are, and where its mail goes.
struct Subject {
    const char* section;
    std::size_t index;
    std::string owner;  // "connector \"bank\""
    const Organization& organization;
    const NextHop& next_hop;
    const TlsSettings& tls;
    bool own = false;  // an accepted domain's next hop
};

class TlsValidator {
public:
    TlsValidator(const Subject& subject, Faults& faults)
        : subject_{subject},
          tls_{subject.tls},
          organization_{subject.organization},
          faults_{faults},
          local_{is_local(subject.next_hop)},
          level_{lasting_tls(organization_, subject.next_hop, tls_,
                             subject.own ? LastingBase::OwnNextHop : LastingBase::Organization)
                     .level},
          level_now_{level_}
    {
        if (tls_.exception) level_now_ = std::min(level_, tls_.exception->level.value_or(level_));
    }
    void run()
    {
        validate_lasting();
        validate_identity();
        if (tls_.exception) validate_exception(*tls_.exception);
    }

private:
    void validate_lasting();
    void validate_identity();
    void validate_exception(const TlsException& exception);
    void add(const char* key, std::string what, std::string expected)
    {
        faults_.add(subject_.section, subject_.index, key, std::move(what), std::move(expected));
    }

    const Subject& subject_;
    const TlsSettings& tls_;
    const Organization& organization_;
    Faults& faults_;
    bool local_;
    TlsLevel level_;      // the lasting one
    TlsLevel level_now_;  // while the exception holds
};

// No forgotten holes.
void TlsValidator::validate_lasting()
{
    const auto min = tls_.min.value_or(organization_.min_tls);
    if (min > tls_.max.value_or(organization_.max_tls)) {
        add(tls_.min ? "min_tls" : "max_tls", "min_tls is above max_tls",
            "a max_tls that is not below min_tls");
    }
    if (level_ == TlsLevel::None) {
        add("tls", "mail cannot go without TLS permanently",
            "\"opportunistic\" or a stronger level; \"none\" for a limited time in an exception");
    }
    // Said for a host of our own, it may be below the organization's (specification §1).
    const bool said = subject_.own && level_ == TlsLevel::Encrypt;
    if (!local_ && !said && level_ > TlsLevel::None && level_ < organization_.tls) {
        add("tls",
            fmt::format("the lasting level of {} is {}, below its organization's {}",
                        subject_.owner, name(level_), name(organization_.tls)),
            fmt::format("\"{}\" or a stronger level; a weaker one for a limited time: {}",
                        name(organization_.tls), kExceptionForm));
    }
    if (!local_ && min < organization_.min_tls) {
        add("min_tls",
            fmt::format("the lasting min_tls of {} is below its organization's", subject_.owner),
            "a version not below it; a lower one for a limited time in an exception");
    }
    const auto refuse_none = [&](const char* key, Publication value) {
        if (value != Publication::None) return;
        add(key, "what a domain publishes cannot be ignored permanently",
            fmt::format("no such key; for a limited time: exception = {{ {} = \"none\", … }}",
                        key));
    };
    refuse_none("dane", tls_.dane);
    refuse_none("mta_sts", tls_.mta_sts);
}

// Who the peer must be, and what that needs.
void TlsValidator::validate_identity()
{
    if (!tls_.names.empty() && level_ < TlsLevel::VerifyName) {
        add("tls_names",
            fmt::format("names are checked at verify_name only, and tls is {}", name(level_)),
            "tls = \"verify_name\", or no tls_names");
    }
    const bool by_address = std::ranges::any_of(
        subject_.next_hop.hosts, [](const NextHopHost& host) { return host.address.has_value(); });
    if (level_now_ == TlsLevel::VerifyName && tls_.names.empty() && by_address) {
        add(subject_.own ? "tls" : "smart_hosts",
            "an address has no name that a certificate could prove",
            subject_.own ? "the host by its name, or a connector with tls_names"
                         : "tls_names, or the host by its name");
    }
    if (!tls_.pins.empty() && level_ < TlsLevel::Encrypt) {
        add("pins", fmt::format("pins need TLS, and tls is {}", name(level_)),
            "tls = \"encrypt\" or a stronger level");
    }
    if (!tls_.ca.empty() && level_ < TlsLevel::VerifyCa) {
        add("ca", fmt::format("CAs are checked from verify_ca up, and tls is {}", name(level_)),
            "tls = \"verify_ca\" or a stronger level");
    }
    if (level_ == TlsLevel::Dane && tls_.dane == Publication::None) {
        add("dane", "TLSA records are ignored, and tls is dane", "another level, or no dane key");
    }
    // An impostor would get the password.
    const bool proved = level_ >= TlsLevel::VerifyName || tls_.dane == Publication::Mandatory ||
                        (level_ >= TlsLevel::Encrypt && !tls_.pins.empty());
    if (tls_.auth && !proved) {
        add("auth_user", "nothing proves the host that gets the password",
            "tls = \"verify_name\" or \"dane\", or pins");
    }
}

void TlsValidator::validate_exception(const TlsException& exception)
{
    const auto fault = [&](std::string what, std::string expected) {
        add("exception", std::move(what), std::move(expected));
    };
    const bool weak = exception.compatibility == Compatibility::Weak;
    if (!exception.level && !exception.min && !exception.dane && !exception.mta_sts && !weak)
        fault("it has no weaker value", "tls, min_tls, dane, mta_sts or compatibility in it");
    if (!exception.valid_until)
        fault("valid_until is missing", "valid_until in it, such as \"2026-12-31T00:00:00Z\"");
    if (trim(exception.reason).empty())
        fault("reason is missing", "reason in it: why it is needed, and who is to resolve it");
    const auto dane = exception.dane.value_or(tls_.dane);
    const auto mta_sts = exception.mta_sts.value_or(tls_.mta_sts);
    if (level_now_ == TlsLevel::None &&
        (dane != Publication::None || mta_sts != Publication::None)) {
        fault("\"none\" would violate what a domain publishes by DANE or MTA-STS",
              "also dane = \"none\" and mta_sts = \"none\" in it");
    }
    if (level_now_ == TlsLevel::Dane && dane == Publication::None)
        fault("TLSA records are ignored, and the level is dane", "also another level in it");
    if (weak && level_now_ > TlsLevel::Encrypt) {
        fault(
            fmt::format("weak handshakes prove no identity, and the level is {}", name(level_now_)),
            "also tls = \"encrypt\" in it");
    }
}

}  // namespace

LastingTls lasting_tls(const Organization& organization, const NextHop& next_hop,
                       const TlsSettings& tls, LastingBase base)
{
    const bool own = base == LastingBase::OwnNextHop;
    const bool asks_nothing = is_local(next_hop) && (own || !proves_peer(tls));
    const TlsLevel unsaid = asks_nothing ? TlsLevel::Opportunistic
                            : own        ? TlsLevel::Encrypt
                                         : organization.tls;
    return {tls.level.value_or(unsaid), tls.min.value_or(organization.min_tls)};
}

void validate_connector_tls(const Organization& organization, const OutboundConnector& connector,
                            std::size_t index, Faults& faults)
{
    const Subject subject{"outbound_connector",
                          index,
                          fmt::format("connector \"{}\"", connector.name),
                          organization,
                          connector.next_hop,
                          connector.tls};
    TlsValidator{subject, faults}.run();
}

void validate_next_hop_tls(const Organization& organization, const AcceptedDomain& domain,
                           std::size_t index, Faults& faults)
{
    if (domain.tls == TlsSettings{}) return;
    if (domain.next_hop.mx) {
        faults.add("accepted_domain", index, domain.tls.level ? "tls" : "exception",
                   "it applies to the hosts of next_hop, and there are none",
                   domain.connector.empty() ? "a connector with this level"
                                            : "the level in the connector");
        return;
    }
    const Subject subject{"accepted_domain",
                          index,
                          fmt::format("accepted domain {}", domain.name.format()),
                          organization,
                          domain.next_hop,
                          domain.tls,
                          true};
    TlsValidator{subject, faults}.run();
}

}  // namespace hermetic::objects
