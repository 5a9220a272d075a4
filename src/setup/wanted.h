// What `hermetic setup` is asked for: the part of a configuration that it knows.
//
// Pure. What is given (flags, answers) is laid over what the two files say already, and that over
// the defaults; what differs in the end is what setup would change.
#pragma once

#include "config/node_options.h"
#include "objects/snapshot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::setup {

inline constexpr const char* kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

enum class CertificateKind : std::uint8_t {
    SelfSigned,  // made at the first start: enough for opportunistic TLS, proves nothing
    Acme,
    Files,
};

// Of hermetic.toml.
struct WantedNode {
    std::string hostname;
    std::string data_directory = "/var/lib/hermetic";
    std::vector<std::string> listen = {"0.0.0.0:25", "[::]:25"};
    CertificateKind certificate = CertificateKind::SelfSigned;
    std::string chain;  // of Files, like the key
    std::string key;
    std::string acme = kLetsEncrypt;  // of Acme, like the others
    std::string acme_contact;
    std::string acme_ca;
    std::string acme_eab_key_id;
    std::string acme_eab_hmac_file;
    std::vector<std::string> acme_http = {"0.0.0.0:80"};
    std::vector<std::string> forward;
    std::vector<std::string> trust_anchors;
    bool operator==(const WantedNode&) const = default;
};

// Of org.toml.
struct WantedOrganization {
    struct Domain {
        std::string name;
        std::string next_hop;
        bool operator==(const Domain&) const = default;
    };
    std::string name;
    std::string postmaster;
    std::vector<Domain> domains;
    std::vector<std::string> relay_networks;  // who may send elsewhere
    bool operator==(const WantedOrganization&) const = default;
};

// What a person says; nullopt or empty: nothing.
struct Given {
    std::optional<std::string> hostname;
    std::optional<std::string> data_directory;
    std::vector<std::string> listen;
    std::optional<CertificateKind> certificate;
    std::optional<std::string> chain;
    std::optional<std::string> key;
    std::optional<std::string> acme;
    std::optional<std::string> acme_contact;
    std::optional<std::string> acme_ca;
    std::optional<std::string> acme_eab_key_id;
    std::optional<std::string> acme_eab_hmac_file;
    std::vector<std::string> acme_http;
    std::vector<std::string> forward;
    std::vector<std::string> trust_anchors;
    std::optional<std::string> organization;
    std::optional<std::string> postmaster;
    std::vector<std::string> domains;
    std::optional<std::string> next_hop;  // of all of them
    std::vector<std::string> relay_networks;
};

// What the files say of it.
[[nodiscard]] WantedNode read_node(const config::NodeOptions& options);
// Of the first organization.
[[nodiscard]] WantedOrganization read_organization(const objects::Snapshot::Contents& contents);

[[nodiscard]] WantedNode lay_over(WantedNode base, const Given& given);
// The domains that are given are added, or get the given next hop. Where no organization has a name
// or a postmaster yet, the first domain gives it one.
[[nodiscard]] WantedOrganization lay_over(WantedOrganization base, const Given& given);

// Flags that are still needed, with what each is: "--hostname NAME: …". Empty: there is enough.
[[nodiscard]] std::vector<std::string> find_missing(const WantedNode& node,
                                                    const WantedOrganization& organization);

struct Difference {
    std::string key;  // "listener.addresses"
    std::string is;   // empty: not set
    std::string wanted;
    bool operator==(const Difference&) const = default;
};
[[nodiscard]] std::vector<Difference> find_differences(const WantedNode& is,
                                                       const WantedNode& wanted);
[[nodiscard]] std::vector<Difference> find_differences(const WantedOrganization& is,
                                                       const WantedOrganization& wanted);

}  // namespace hermetic::setup
