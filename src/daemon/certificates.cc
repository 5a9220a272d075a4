#include "daemon/certificates.h"

#include <filesystem>

namespace hermetic::daemon {
namespace {

constexpr const char* kMadeName = "self-signed";

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
    return {kMadeName, folder + "self-signed.pem", folder + "self-signed.key"};
}

// Loads each certificate once, however many listeners name it.
class Loader {
public:
    Loader(const config::NodeOptions& options, WallTime now, ListenerContexts& result)
        : options_{options}, now_{now}, result_{result}
    {
    }

    Result<std::shared_ptr<const tls::Certificate>, tls::ConfigError> load(const std::string& name)
    {
        if (const auto found = loaded_.find(name); found != loaded_.end()) return found->second;
        tls::CertificateSource source;
        if (name == kMadeName) {
            source = made_source(options_);
            std::error_code ignored;
            std::filesystem::create_directories(options_.data_directory + "/tls", ignored);
            const auto made = tls::ensure_self_signed(source, options_.hostname, now_);
            if (!made) return failure(made.error());
        } else {
            for (const auto& each : options_.certificates) {
                if (each.name != name) continue;
                source = {each.name, each.chain, each.key};
                if (each.acme.empty()) continue;
                if (auto done = stand_in(each, source); !done) return failure(done.error());
            }
        }
        auto certificate = tls::load_certificate(source);
        if (!certificate) return failure(certificate.error());
        result_.certificates.push_back({name, tls::facts_of(**certificate)});
        result_.files.push_back(source.chain_file);
        result_.files.push_back(source.key_file);
        loaded_[name] = *certificate;
        return *certificate;
    }

private:
    // Until the first one has been issued a self-signed one stands in; the files are watched.
    Result<void, tls::ConfigError> stand_in(const config::CertificateOptions& wanted,
                                            tls::CertificateSource& source)
    {
        const auto there = [](const std::string& file) {
            std::error_code ignored;
            return std::filesystem::exists(file, ignored);
        };
        if (there(source.chain_file) && there(source.key_file)) return {};
        result_.files.push_back(source.chain_file);
        const std::string folder = options_.data_directory + "/tls/";
        source.chain_file = folder + wanted.name + ".stand-in.pem";
        source.key_file = folder + wanted.name + ".stand-in.key";
        std::error_code ignored;
        std::filesystem::create_directories(folder, ignored);
        return tls::ensure_self_signed(source, wanted.acme_domains.front(), now_);
    }

    const config::NodeOptions& options_;
    WallTime now_;
    ListenerContexts& result_;
    std::map<std::string, std::shared_ptr<const tls::Certificate>> loaded_;
};

}  // namespace

Result<ListenerContexts, tls::ConfigError> load_listener_contexts(
    const config::NodeOptions& options, WallTime now)
{
    ListenerContexts result;
    Loader loader{options, now, result};
    for (const config::ListenerOptions& listener : options.listeners) {
        if (listener.tls == config::ListenerTls::Off) continue;
        tls::ServerProfile profile;
        profile.min = listener.min_tls;
        profile.max = listener.max_tls;
        profile.ciphers = listener.ciphers;
        profile.groups = listener.groups;
        profile.client_certificates = to_tls(listener.client_certificates);
        std::vector<std::string> names = listener.certificates;
        if (names.empty()) names.emplace_back(kMadeName);
        for (const std::string& name : names) {
            auto certificate = loader.load(name);
            if (!certificate) return failure(certificate.error());
            profile.certificates.push_back(*certificate);
        }
        auto context = tls::make_server_context(profile);
        if (!context) {
            return failure(
                tls::ConfigError{"listener \"" + listener.name + "\": " + context.error().what,
                                 context.error().right});
        }
        result.by_listener[listener.name] = *context;
    }
    return result;
}

}  // namespace hermetic::daemon
