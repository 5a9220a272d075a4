#include "outbound/credentials.h"

#include "facts/reasons.h"
#include "sasl/login.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::outbound {
namespace {

using facts::Reason;
using objects::ConnectorMode;

std::string of_connector(const objects::OutboundConnector& connector)
{
    return fmt::format("outbound_connector \"{}\"", connector.name);
}

}  // namespace

class Credentials::Loader {
public:
    Loader(const objects::Snapshot::Contents& contents, const Credentials* before,
           Credentials& result)
        : contents_{contents}, before_{before}, result_{result}
    {
    }
    void run()
    {
        for (const auto& each : contents_.outbound_connectors) {
            if (!each.enabled || each.tls.mode == ConnectorMode::Off) continue;
            load_ca(each);
            load_login(each);
        }
        for (const auto& each : contents_.certificates) load_certificate(each);
        for (const auto& each : contents_.organizations) load_crls(each);
    }

private:
    void load_ca(const objects::OutboundConnector& connector);
    void load_login(const objects::OutboundConnector& connector);
    void load_certificate(const objects::Certificate& certificate);
    void load_crls(const objects::Organization& organization);
    void fault(std::string object, const std::string& organization, tls::ConfigError error)
    {
        result_.faults_.push_back({std::move(object), organization, std::move(error)});
    }
    // What was in use under that name before; null where nothing was.
    template <typename What, typename Key>
    std::shared_ptr<const What> kept(By<What, Key> Credentials::*map, const Key& name) const
    {
        if (before_ == nullptr) return nullptr;
        const auto found = (before_->*map).find(name);
        return found == (before_->*map).end() ? nullptr : found->second.value;
    }

    const objects::Snapshot::Contents& contents_;
    const Credentials* before_;
    Credentials& result_;
};

void Credentials::Loader::load_ca(const objects::OutboundConnector& connector)
{
    const std::string& file = connector.tls.ca;
    if (file.empty()) return;
    const auto [at, is_new] = result_.cas_.try_emplace(file);
    if (is_new) {
        result_.files_.push_back(file);
        auto cas = tls::load_cas(file);
        if (cas) {
            at->second.value = *std::move(cas);
        } else {
            at->second.words = cas.error().what;
        }
    }
    if (at->second.value == nullptr) {
        fault(of_connector(connector), connector.organization,
              {at->second.words, "a file of CA certificates as PEM; until then its mail waits"});
    }
}

void Credentials::Loader::load_login(const objects::OutboundConnector& connector)
{
    if (!connector.tls.auth) return;
    const auto& auth = *connector.tls.auth;
    result_.files_.push_back(auth.password_file);
    auto login = sasl::load_login(auth.user, auth.password_file,
                                  kept(&Credentials::logins_, owned_name(connector)));
    auto& slot = result_.logins_[owned_name(connector)];
    if (login) {
        slot.value = *std::move(login);
        return;
    }
    slot.words = login.error().what;
    fault(of_connector(connector), connector.organization,
          {login.error().what, login.error().expected});
}

void Credentials::Loader::load_certificate(const objects::Certificate& certificate)
{
    result_.files_.push_back(certificate.chain);
    result_.files_.push_back(certificate.key);
    auto loaded = tls::load_certificate({certificate.name, certificate.chain, certificate.key});
    auto& slot = result_.certificates_[owned_name(certificate)];
    if (loaded) {
        slot.value = *std::move(loaded);
        return;
    }
    slot.value = kept(&Credentials::certificates_, owned_name(certificate));
    slot.words = loaded.error().what;
    fault(fmt::format("certificate \"{}\"", certificate.name), certificate.organization,
          loaded.error());
}

void Credentials::Loader::load_crls(const objects::Organization& organization)
{
    const bool wanted = organization.revocation != objects::Revocation::Off;
    if (organization.crl_folder.empty() || !wanted) return;
    result_.files_.push_back(organization.crl_folder);
    auto loaded =
        tls::load_crls(organization.crl_folder, kept(&Credentials::crls_, organization.name));
    auto& slot = result_.crls_[organization.name];
    slot.value = std::move(loaded.crls);
    if (slot.value == nullptr) slot.words = loaded.faults.front().what;
    for (tls::ConfigError& each : loaded.faults)
        fault(fmt::format("organization \"{}\"", organization.name), organization.name,
              std::move(each));
    result_.files_.insert(result_.files_.end(), loaded.files.begin(), loaded.files.end());
}

std::shared_ptr<const Credentials> Credentials::load(const objects::Snapshot::Contents& contents,
                                                     const Credentials* before)
{
    auto result = std::make_shared<Credentials>();
    Loader{contents, before, *result}.run();
    return result;
}

std::vector<Credentials::Named> Credentials::certificates() const
{
    std::vector<Named> named;
    for (const auto& [name, loaded] : certificates_) {
        if (loaded.value != nullptr)
            named.push_back({name.name, name.organization, tls::facts_of(*loaded.value)});
    }
    return named;
}

std::vector<std::string> Credentials::overdue_crls(WallTime now) const
{
    std::vector<std::string> found;
    for (const auto& [organization, loaded] : crls_) {
        if (loaded.value == nullptr) continue;
        for (std::string& each : tls::overdue(*loaded.value, now)) found.push_back(std::move(each));
    }
    return found;
}

// Gathers one identity; the first thing that is missing stands.
class Credentials::Gatherer {
public:
    Gatherer(const Credentials& credentials, const Wanted& wanted)
        : credentials_{credentials},
          wanted_{wanted},
          // In audit mode what enforcing would look at, and show, is looked at and shown: nobody
          // could learn otherwise what it would do.
          names_{wanted.audited != nullptr ? *wanted.audited : *wanted.policy}
    {
    }
    Identity run()
    {
        add_cas();
        if (wanted_.policy->check_revocation) add_revocation();
        add_client_certificate();
        add_login();
        auto& digest = identity_.digest;
        digest = tls::identity_digest(identity_.trust, identity_.client_certificate.get());
        if (identity_.login != nullptr) digest += "/user " + identity_.login->identity();
        return std::move(identity_);
    }

private:
    void add_cas();
    void add_revocation();
    void add_client_certificate();
    void add_login();
    // Null where there is none; `words` say why.
    template <typename What, typename Key>
    std::shared_ptr<const What> find(const By<What, Key>& map, const auto& key,
                                     std::string_view name)
    {
        const auto found = map.find(key);
        words_ = found == map.end() ? std::string{name} + ": not loaded" : found->second.words;
        return found == map.end() ? nullptr : found->second.value;
    }
    void miss(Reason reason)
    {
        if (identity_.missing) return;
        identity_.missing = facts::local_outcome(reason, words_);
    }

    const Credentials& credentials_;
    const Wanted& wanted_;
    const policy::TlsPolicy& names_;
    std::string words_;
    Identity identity_;
};

void Credentials::Gatherer::add_cas()
{
    auto& trust = identity_.trust;
    trust.cas = wanted_.system;
    if (names_.ca.empty()) return;
    trust.cas = find(credentials_.cas_, names_.ca, names_.ca);
    if (trust.cas == nullptr) miss(Reason::TlsCaUnreadable);
    if (names_.sts_name || wanted_.audited != nullptr) trust.system = wanted_.system;
}

void Credentials::Gatherer::add_revocation()
{
    auto& trust = identity_.trust;
    trust.stapled = wanted_.policy->proves_peer() || names_.proves_peer();
    if (!credentials_.crls_.contains(wanted_.organization)) return;
    trust.crls = find(credentials_.crls_, wanted_.organization, wanted_.organization);
    const bool verifies = names_.chain || names_.sts_name || wanted_.policy->chain;
    if (trust.crls == nullptr && verifies) miss(Reason::TlsCrlUnreadable);
}

void Credentials::Gatherer::add_client_certificate()
{
    if (names_.client_certificate.empty()) return;
    const OwnedName name{std::string{wanted_.organization}, names_.client_certificate};
    identity_.client_certificate = find(credentials_.certificates_, name, name.name);
    if (identity_.client_certificate == nullptr) miss(Reason::TlsClientCertificateUnusable);
}

void Credentials::Gatherer::add_login()
{
    const auto* connector = wanted_.connector;
    if (connector == nullptr || !connector->tls.auth || connector->tls.mode == ConnectorMode::Off)
        return;
    identity_.login = find(credentials_.logins_, owned_name(*connector), connector->name);
    if (identity_.login == nullptr) miss(Reason::AuthPasswordUnreadable);
}

Identity Credentials::identity(const Wanted& wanted) const
{
    return Gatherer{*this, wanted}.run();
}

}  // namespace hermetic::outbound
