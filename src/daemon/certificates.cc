#include "daemon/certificates.h"

#include "acme/binding.h"
#include "config/faults.h"

#include <algorithm>
#include <filesystem>

namespace hermetic::daemon {
namespace {

tls::ClientCertificates to_tls(config::ClientCertificates value)
{
    switch (value) {
    case config::ClientCertificates::Off:
        return tls::ClientCertificates::Off;
    case config::ClientCertificates::Request:
        return tls::ClientCertificates::Request;
    case config::ClientCertificates::Require:
        return tls::ClientCertificates::Require;
    }
    return tls::ClientCertificates::Off;
}

tls::CertificateSource made_source(const config::NodeOptions& options)
{
    const std::string folder = options.data_directory + "/tls/";
    return {kMadeCertificate, folder + "self-signed.pem", folder + "self-signed.key"};
}

bool is_there(const std::string& file)
{
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
}

using CertificatePointer = std::shared_ptr<const tls::Certificate>;

// Loads each certificate once, however many listeners name it. One that cannot be used is a fault,
// noted once, and null.
class Loader {
public:
    Loader(const config::NodeOptions& options, config::Faults& faults, WallTime now, MadeFiles made,
           const ListenerContexts& in_force, ListenerContexts& result)
        : options_{options},
          faults_{faults},
          now_{now},
          made_{made},
          in_force_{in_force},
          result_{result}
    {
    }

    CertificatePointer load(const std::string& name)
    {
        if (const auto found = loaded_.find(name); found != loaded_.end()) return found->second;
        auto certificate = name == kMadeCertificate ? load_made() : load_given(name);
        if (certificate)
            result_.certificates.push_back({name, tls::facts_of(*certificate), certificate});
        return loaded_[name] = std::move(certificate);
    }

private:
    CertificatePointer load_made()
    {
        const tls::CertificateSource source = made_source(options_);
        auto certificate = make(source, options_.hostname);
        if (certificate) return *std::move(certificate);
        faults_.add("", "data_directory", certificate.error().what, certificate.error().expected);
        return nullptr;
    }

    CertificatePointer load_given(const std::string& name)
    {
        const auto found = std::find_if(options_.certificates.begin(), options_.certificates.end(),
                                        [&](const auto& each) { return each.name == name; });
        if (found == options_.certificates.end()) return nullptr;  // a fault of its listener
        const auto index = static_cast<std::size_t>(found - options_.certificates.begin());
        check_ca(*found, index);
        check_binding(*found, index);
        watch(found->chain, found->key);
        auto certificate = tls::load_certificate({found->name, found->chain, found->key});
        if (!certificate && !found->acme.empty())
            certificate = stand_in(*found, certificate.error());
        if (certificate) return *std::move(certificate);
        const bool of_key = certificate.error().what.starts_with(found->key);
        const char* const file = of_key ? "key" : "chain";
        faults_.add("certificate", index, found->acme.empty() ? file : "acme",
                    certificate.error().what, certificate.error().expected);
        return nullptr;
    }

    // Orders would fail one after the other, and be told only when the certificate has ended.
    void check_ca(const config::CertificateOptions& certificate, std::size_t index)
    {
        if (certificate.acme_ca.empty()) return;
        result_.files.push_back(certificate.acme_ca);
        if (const auto cas = tls::load_cas(certificate.acme_ca); !cas)
            faults_.add("certificate", index, "acme_ca", cas.error().what, cas.error().expected);
    }

    // Not only for the first account: one that is lost is made anew.
    void check_binding(const config::CertificateOptions& certificate, std::size_t index)
    {
        const std::string& file = certificate.acme_eab_hmac_file;
        if (file.empty()) return;
        result_.files.push_back(file);
        const auto binding = acme::load_binding(certificate.acme_eab_key_id, file);
        if (binding) return;
        faults_.add("certificate", index, "acme_eab_hmac_file", binding.error().what,
                    binding.error().expected);
    }

    // For a certificate by ACME that has not been issued, or cannot be used: the one that was in
    // use, or one of our own, until another has been issued.
    Result<CertificatePointer, tls::ConfigError> stand_in(const config::CertificateOptions& wanted,
                                                          const tls::ConfigError& error)
    {
        if (is_there(wanted.chain)) result_.stand_ins.push_back({wanted.name, error.what});
        for (const LoadedCertificate& each : in_force_.certificates) {
            if (each.name == wanted.name) return each.certificate;
        }
        const std::string file = options_.data_directory + "/tls/" + wanted.name + ".stand-in";
        return make({wanted.name, file + ".pem", file + ".key"}, wanted.acme_domains.front());
    }

    Result<CertificatePointer, tls::ConfigError> make(const tls::CertificateSource& source,
                                                      const std::string& host)
    {
        if (made_ == MadeFiles::Leave) return try_made(source, host);
        const auto made = tls::ensure_self_signed(source, host, now_);
        if (!made) return failure(made.error());
        watch(source.chain_file, source.key_file);
        return tls::load_certificate(source);
    }

    // What a start would use, without its writing.
    Result<CertificatePointer, tls::ConfigError> try_made(const tls::CertificateSource& source,
                                                          const std::string& host)
    {
        auto found = tls::inspect_self_signed(source);
        if (!found) return failure(found.error());
        if (found->usable) return std::move(found->usable);
        if (!found->damage.empty()) result_.damaged.push_back(std::move(found->damage));
        return tls::make_self_signed(host, now_);
    }

    void watch(const std::string& chain, const std::string& key)
    {
        result_.files.push_back(chain);
        result_.files.push_back(key);
    }

    const config::NodeOptions& options_;
    config::Faults& faults_;
    WallTime now_;
    MadeFiles made_;
    const ListenerContexts& in_force_;
    ListenerContexts& result_;
    std::map<std::string, CertificatePointer> loaded_;
};

tls::ServerProfile profile_of(const config::ListenerOptions& listener)
{
    tls::ServerProfile profile;
    profile.min = listener.min_tls;
    profile.max = listener.max_tls;
    profile.ciphers = listener.ciphers;
    profile.groups = listener.groups;
    profile.client_certificates = to_tls(listener.client_certificates);
    return profile;
}

// The option that OpenSSL's words are about.
const char* key_of(const tls::ConfigError& error, const config::ListenerOptions& listener)
{
    if (!listener.ciphers.empty() && error.what.starts_with("ciphers")) return "ciphers";
    if (!listener.groups.empty() && error.what.starts_with("groups")) return "groups";
    return "tls";
}

}  // namespace

std::vector<std::string> certificate_files(const config::NodeOptions& options)
{
    std::vector<std::string> files;
    for (const config::CertificateOptions& each : options.certificates) {
        files.push_back(each.chain);
        files.push_back(each.key);
        if (!each.acme_ca.empty()) files.push_back(each.acme_ca);
        if (!each.acme_eab_hmac_file.empty()) files.push_back(each.acme_eab_hmac_file);
    }
    return files;
}

Result<ListenerContexts, config::Diagnostics> load_listener_contexts(
    const config::NodeOptions& options, const config::Node& document, const std::string& file,
    WallTime now, MadeFiles made, const ListenerContexts& in_force)
{
    ListenerContexts result;
    config::Diagnostics diagnostics;
    config::Faults faults{document, file, diagnostics};
    Loader loader{options, faults, now, made, in_force, result};
    for (std::size_t i = 0; i < options.listeners.size(); ++i) {
        const config::ListenerOptions& listener = options.listeners[i];
        if (listener.tls == config::ListenerTls::Off) continue;
        tls::ServerProfile profile = profile_of(listener);
        std::vector<std::string> names = listener.certificates;
        if (names.empty()) names.emplace_back(kMadeCertificate);
        for (const std::string& name : names) {
            if (auto certificate = loader.load(name))
                profile.certificates.push_back(std::move(certificate));
        }
        if (profile.certificates.size() != names.size()) continue;
        auto context = tls::make_server_context(profile);
        if (context) {
            result.by_listener[listener.name] = *context;
        } else {
            faults.add("listener", i, key_of(context.error(), listener), context.error().what,
                       context.error().expected);
        }
    }
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return result;
}

}  // namespace hermetic::daemon
