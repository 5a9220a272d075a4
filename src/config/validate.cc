#include "config/validate.h"

#include "config/faults.h"
#include "config/trust_anchor.h"
#include "config/wide_network.h"
#include "core/text.h"
#include "mail/domain.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace hermetic::config {
namespace {

bool knows_certificate(const NodeOptions& options, const std::string& name)
{
    for (const CertificateOptions& certificate : options.certificates) {
        if (certificate.name == name) return true;
    }
    return false;
}

// Of those who are believed about whom they speak for.
std::vector<std::pair<const char*, const std::vector<Network>*>> networks_of_speakers(
    const ListenerOptions& listener)
{
    return {{"proxy_networks", &listener.proxy_networks},
            {"xclient_networks", &listener.xclient_networks}};
}

void validate_listener(const NodeOptions& options, std::size_t index, Faults& faults)
{
    const ListenerOptions& listener = options.listeners[index];
    const auto fault = [&](const std::string& key, std::string what, std::string expected) {
        faults.add("listener", index, key, std::move(what), std::move(expected));
    };
    if (listener.name.empty()) fault("name", "it is missing", "a unique name");
    if (listener.addresses.empty()) {
        fault("addresses", "there is none", "at least one, such as [\"0.0.0.0:25\", \"[::]:25\"]");
    }
    if (listener.min_tls > listener.max_tls) {
        fault("min_tls", "it is above max_tls: no version is left", "a version up to max_tls");
    }
    // Weak TLS is isolated: never at a listener that everybody may use.
    if (listener.is_legacy() && listener.legacy_networks.empty()) {
        fault("min_tls",
              fmt::format("{} is only for the clients of legacy_networks, and there are none",
                          facts::format_version(listener.min_tls)),
              "legacy_networks in this listener, or \"1.2\"");
    }
    if (!listener.is_legacy() && !listener.legacy_networks.empty()) {
        fault("legacy_networks", "this listener accepts no TLS version below 1.2",
              "min_tls = \"1.0\" or \"1.1\" in this listener, or no legacy_networks");
    }
    if (listener.tls == ListenerTls::Off &&
        listener.client_certificates != ClientCertificates::Off) {
        fault("client_certificates", "without TLS no client can show a certificate",
              "\"off\", or tls = \"starttls\"");
    }
    if (listener.tls == ListenerTls::Off && !listener.certificates.empty()) {
        fault("certificates", "a listener without TLS uses no certificate",
              "no certificates, or tls = \"starttls\"");
    }
    // Who may speak for others decides who is admitted.
    for (const auto& [key, networks] : networks_of_speakers(listener)) {
        for (const Network& network : *networks) {
            if (is_everybody(network))
                fault(key, network.format() + " allows every client to claim any address",
                      "the addresses of your own proxies");
        }
    }
    for (const std::string& name : listener.certificates) {
        if (knows_certificate(options, name)) continue;
        fault("certificates", fmt::format("there is no certificate \"{}\"", name),
              "the name of a [[certificate]]");
    }
}

void validate_listeners(const NodeOptions& options, Faults& faults)
{
    std::set<std::string> names;
    std::set<Endpoint> endpoints;
    for (std::size_t i = 0; i < options.listeners.size(); ++i) {
        validate_listener(options, i, faults);
        const ListenerOptions& listener = options.listeners[i];
        if (!names.insert(listener.name).second) {
            faults.add("listener", i, "name", "another listener has this name", "a unique name");
        }
        for (const Endpoint& endpoint : listener.addresses) {
            if (endpoint.port != 0 && !endpoints.insert(endpoint).second) {
                faults.add("listener", i, "addresses", endpoint.format() + " is listed twice",
                           "each address once");
            }
        }
    }
}

// Both would listen, and the second is refused by the system.
void validate_metrics(const NodeOptions& options, Faults& faults)
{
    const auto fault = [&](const Endpoint& each, const std::string& user) {
        faults.add("metrics", "addresses", fmt::format("{} is used by {}", each.format(), user),
                   "an address and port that nothing else uses");
    };
    std::set<Endpoint> seen;
    for (const Endpoint& each : options.metrics.addresses) {
        if (each.port == 0) continue;
        if (!seen.insert(each).second) fault(each, "another entry of this list");
        for (const ListenerOptions& listener : options.listeners) {
            const auto& taken = listener.addresses;
            if (std::find(taken.begin(), taken.end(), each) != taken.end())
                fault(each, fmt::format("listener \"{}\"", listener.name));
        }
    }
}

bool is_plain_name(const std::string& name)
{
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return !name.starts_with('.') && !name.starts_with('-') &&
           name.find_first_not_of(kPlain) == std::string::npos;
}

bool has_controls(const std::string& text)
{
    return std::any_of(text.begin(), text.end(), [](char each) {
        return static_cast<unsigned char>(each) < 0x20 || each == '\x7f';
    });
}

// A name that can be proved by HTTP or TLS at its address: no wildcard, no address.
bool is_provable(const std::string& domain)
{
    return is_plain_name(domain) && domain.size() <= 253 && domain.find('.') != std::string::npos &&
           domain.find_first_not_of("0123456789.") != std::string::npos;
}

void validate_acme(const NodeOptions& options, std::size_t index, Faults& faults)
{
    const CertificateOptions& certificate = options.certificates[index];
    const auto fault = [&](const char* key, std::string what, std::string expected) {
        faults.add("certificate", index, key, std::move(what), std::move(expected));
    };
    const std::string own = options.data_directory + "/acme/" + certificate.name;
    if (certificate.chain != own + "/chain.pem" || certificate.key != own + "/key.pem")
        fault("acme", "chain and key are set as well", "either files (chain, key) or ACME");
    if (!certificate.acme.starts_with("https://"))
        fault("acme", "it is not an https URL", "\"https://acme.example.org/directory\"");
    if (!is_plain_name(certificate.name))
        fault("name", "it becomes the name of a folder below data_directory",
              "letters, digits, '-', '_' and '.'");
    constexpr std::string_view kAddressEnds = " \t\r\n,?&";
    if (!certificate.acme_contact.empty() &&
        (certificate.acme_contact.find('@') == std::string::npos ||
         certificate.acme_contact.find_first_of(kAddressEnds) != std::string::npos))
        fault("acme_contact", "it is not a mail address", "a mail address, or no acme_contact");
    if (has_controls(certificate.acme_eab_key_id))
        fault("acme_eab_key_id", "it has a control character", "it as the ACME server gave it");
    if (certificate.acme_eab_key_id.empty() != certificate.acme_eab_hmac_file.empty()) {
        const bool has_file = certificate.acme_eab_key_id.empty();
        fault(has_file ? "acme_eab_key_id" : "acme_eab_hmac_file", "it is missing",
              has_file ? "the key id that the ACME server gave with the key"
                       : "a file with the key that the ACME server gave with the id");
    }
    if (certificate.acme_domains.empty())
        fault("acme_domains", "there is none", "the names of this server");
    for (const std::string& each : certificate.acme_domains) {
        if (is_provable(each)) continue;
        fault("acme_domains",
              fmt::format("\"{}\" cannot be validated by http-01 or tls-alpn-01", each),
              "a DNS name without a wildcard");
    }
    const bool http = certificate.acme_challenge == AcmeChallenge::Http01;
    if ((http ? options.acme.http : options.acme.tls).empty()) {
        faults.add("acme", http ? "http" : "tls",
                   fmt::format("certificate \"{}\" is validated there, and no address is set",
                               certificate.name),
                   http ? "[\"0.0.0.0:80\"], or what port 80 is forwarded to"
                        : "[\"0.0.0.0:443\"], or what port 443 is forwarded to");
    }
}

void validate_certificates(const NodeOptions& options, Faults& faults)
{
    std::set<std::string> names;
    for (std::size_t i = 0; i < options.certificates.size(); ++i) {
        const CertificateOptions& certificate = options.certificates[i];
        if (certificate.name.empty())
            faults.add("certificate", i, "name", "it is missing", "a name");
        if (certificate.chain.empty())
            faults.add("certificate", i, "chain", "it is missing", "a PEM file");
        if (certificate.key.empty())
            faults.add("certificate", i, "key", "it is missing", "a PEM file");
        if (!certificate.acme.empty()) {
            validate_acme(options, i, faults);
        } else if (!certificate.acme_domains.empty() || !certificate.acme_contact.empty() ||
                   !certificate.acme_ca.empty() || !certificate.acme_eab_key_id.empty() ||
                   !certificate.acme_eab_hmac_file.empty()) {
            faults.add("certificate", i, "acme_domains", "no ACME server is set",
                       "acme in the same [[certificate]]");
        }
        if (!names.insert(certificate.name).second) {
            faults.add("certificate", i, "name", "another certificate has this name",
                       "a unique name");
        }
    }
}

void validate_resolver(const ResolverNodeOptions& resolver, Faults& faults)
{
    for (const std::string& each : resolver.trust_anchors) {
        const auto fault = find_trust_anchor_fault(each);
        if (!fault) continue;
        faults.add("resolver", "trust_anchors",
                   fmt::format("\"{}\": {}", printable(each, 120), fault->what), fault->expected);
    }
}

}  // namespace

void validate_node_options(const NodeOptions& options, const Node& document,
                           const std::string& file, Diagnostics& diagnostics)
{
    Faults faults{document, file, diagnostics};
    if (options.hostname.empty()) {
        faults.add("", "hostname", "it is missing",
                   "this host's full name, such as \"mx.example.org\"");
    } else if (!mail::Domain::parse(options.hostname)) {
        faults.add("", "hostname", "it is not a host name",
                   "a full name, such as \"mx.example.org\"");
    }
    if (options.data_directory.empty())
        faults.add("", "data_directory", "it is missing", "a folder");
    if (!options.delivery.ehlo_name.empty() && !mail::Domain::parse(options.delivery.ehlo_name) &&
        !options.hostname.empty() && options.delivery.ehlo_name != options.hostname) {
        faults.add("delivery", "ehlo_name", "it is not a host name", "a full name");
    }
    if (options.listeners.empty()) {
        faults.add("", "listener", "there is none", "at least one table [[listener]]");
    }
    validate_listeners(options, faults);
    validate_metrics(options, faults);
    validate_certificates(options, faults);
    validate_resolver(options.resolver, faults);
    if (options.spool.low_water < options.spool.high_water) {
        faults.add("spool", "low_water", "it is below high_water", "a size of high_water or more");
    }
    // sockaddr_un holds 107 octets and a NUL.
    constexpr std::size_t kLongestSocket = 107;
    for (const auto& [key, path] : {std::pair{"socket", &options.admin.socket},
                                    std::pair{"read_socket", &options.admin.read_socket}}) {
        if (path->size() <= kLongestSocket) continue;
        faults.add("admin", key, "the path is longer than a Unix socket allows (107 octets)",
                   "a shorter path");
    }
}

void find_node_warnings(const NodeOptions& options, const Node& document, const std::string& file,
                        Diagnostics& warnings)
{
    Faults found{document, file, warnings};
    for (std::size_t i = 0; i < options.listeners.size(); ++i) {
        for (const auto& [key, networks] : networks_of_speakers(options.listeners[i])) {
            for (const Network& network : *networks) {
                if (!is_wide(network)) continue;
                found.add("listener", i, key,
                          describe_size(network) +
                              ", and each of them may claim any address, including one that a "
                              "connector admits",
                          "the addresses of your own proxies");
            }
        }
    }
}

}  // namespace hermetic::config
