#include "facts/dns.h"

#include "core/assert.h"

namespace hermetic::facts {

std::string_view name(DnsSecurity security)
{
    switch (security) {
    case DnsSecurity::Secure:
        return "secure";
    case DnsSecurity::Insecure:
        return "insecure";
    case DnsSecurity::Bogus:
        return "bogus";
    }
    unreachable("every DnsSecurity is named above");
}

std::string_view name(DnsStatus status)
{
    switch (status) {
    case DnsStatus::Found:
        return "found";
    case DnsStatus::NoData:
        return "no-data";
    case DnsStatus::NxDomain:
        return "nxdomain";
    case DnsStatus::Failed:
        return "failed";
    }
    unreachable("every DnsStatus is named above");
}

}  // namespace hermetic::facts
