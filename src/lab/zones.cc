#include "lab/zones.h"

#include "core/assert.h"
#include "lab/partners.h"

#include <fmt/format.h>

namespace hermetic::lab {
namespace {

constexpr int kLargeAnswer = 40;

class Writer {
public:
    explicit Writer(ZoneData& data) : data_{data} {}

    void add(std::string_view name, std::string_view type, std::string_view value)
    {
        // A short life: who changes the table and starts again wants to see the change.
        data_.records.push_back(fmt::format("{}. 5 IN {} {}", name, type, value));
    }
    void mx(std::string_view domain, int preference, std::string_view host)
    {
        add(domain, "MX", fmt::format("{} {}.", preference, host));
    }
    void address(std::string_view name, const IpAddress& address)
    {
        add(name, address.is_v6() ? "AAAA" : "A", address.format());
    }

private:
    ZoneData& data_;
};

// MX hosts with long names, so that the answer is bigger than a UDP packet may be.
void add_large_answer(Writer& out, const std::string& domain, const IpAddress& address)
{
    for (int i = 0; i < kLargeAnswer; ++i) {
        const auto host =
            fmt::format("mail-exchanger-with-a-long-name-number-{:02}.of-forty.{}", i, domain);
        out.mx(domain, 10 + i, host);
        out.address(host, address);
    }
}

void add_mail_records(Writer& out, const Placement& placement, const IpAddress& dead)
{
    const Behaviour& behaviour = *placement.behaviour;
    const std::string domain = domain_of(behaviour);
    const std::string host = host_of(behaviour);
    const IpAddress& address = placement.address;
    switch (behaviour.zone) {
    case Zone::Mx:
    case Zone::Ipv6Only:
        out.mx(domain, 10, host);
        out.address(host, address);
        return;
    case Zone::ImplicitMx:
        out.address(domain, address);
        return;
    case Zone::NullMx:
        out.add(domain, "MX", "0 .");
        // RFC 7505 §3: the address must not be used all the same.
        out.address(domain, dead);
        return;
    case Zone::DotAmongMx:
        out.add(domain, "MX", "0 .");
        out.mx(domain, 10, host);
        out.address(host, address);
        return;
    case Zone::DeadMxFirst:
        out.mx(domain, 10, "dead." + domain);
        out.address("dead." + domain, dead);
        out.mx(domain, 20, host);
        out.address(host, address);
        return;
    case Zone::EveryMxDead:
        out.mx(domain, 10, "dead." + domain);
        out.mx(domain, 20, host);
        out.address("dead." + domain, dead);
        out.address(host, dead);
        return;
    case Zone::MxWithoutAddress:
        out.mx(domain, 10, host);
        out.add(host, "TXT", "\"no address here\"");
        return;
    case Zone::MxToUnknownHost:
        out.mx(domain, 10, host);
        return;
    case Zone::MxIsAlias:
        out.mx(domain, 10, host);
        out.add(host, "CNAME", fmt::format("real.{}.", domain));
        out.address("real." + domain, address);
        return;
    case Zone::DomainIsAlias:
        out.add(domain, "CNAME", fmt::format("target.{}.", domain));
        out.mx("target." + domain, 10, host);
        out.address(host, address);
        return;
    case Zone::AliasLoop:
        out.add(domain, "CNAME", fmt::format("again.{}.", domain));
        out.add("again." + domain, "CNAME", domain + '.');
        return;
    case Zone::LargeAnswer:
        add_large_answer(out, domain, address);
        return;
    case Zone::LeadsBackToSender:
        out.mx(domain, 10, kSenderHost);
        return;
    case Zone::NoMxNoAddress:
    case Zone::NoSuchDomain:
    case Zone::ServerFailure:
    case Zone::NoAnswer:
        return;
    }
    unreachable("every Zone is handled above");
}

// A CNAME stands alone (RFC 1034 §3.6.2), and a domain that does not exist says nothing.
bool may_have_text(Zone zone)
{
    return zone != Zone::DomainIsAlias && zone != Zone::AliasLoop && zone != Zone::NoSuchDomain;
}

}  // namespace

ZoneData make_zone_data(const std::vector<Placement>& placements, const IpAddress& dead)
{
    ZoneData data;
    Writer out{data};
    out.add(kLabZone, "SOA", "ns.lab.test. postmaster.lab.test. 1 3600 600 86400 5");
    out.add(kLabZone, "NS", "ns.lab.test.");
    const auto loopback = IpAddress::v4({127, 0, 0, 1});
    out.address("ns.lab.test", loopback);
    out.address(kSenderHost, loopback);
    for (const auto& placement : placements) {
        const std::string domain = domain_of(*placement.behaviour);
        add_mail_records(out, placement, dead);
        if (may_have_text(placement.behaviour->zone)) {
            out.add(domain, "TXT", fmt::format("\"{}\"", placement.behaviour->summary));
        }
        if (placement.behaviour->zone == Zone::ServerFailure) data.failing.insert(domain);
        if (placement.behaviour->zone == Zone::NoAnswer) data.silent.insert(domain);
    }
    return data;
}

bool is_within(std::string_view name, std::string_view domain)
{
    if (!name.ends_with(domain)) return false;
    return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace hermetic::lab
