#include "config/options.h"

#include "config/kinds.h"
#include "config/validate.h"

#include <filesystem>

namespace hermetic::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kTiB = 1ULL << 40;

std::vector<Option<NodeOptions>> node_options()
{
    using N = NodeOptions;
    std::vector<Option<NodeOptions>> all;
    all.push_back(option(
        "hostname", &N::hostname, text_kind("this host's full name, such as \"mx.example.org\""),
        "Name in the banner, EHLO, Received and replies. Its address should lead back to it."));
    all.push_back(
        option("data_directory", &N::data_directory, text_kind("a folder"),
               "Folder of the spool, of generated certificates and of the control socket."));
    all.push_back(option(
        "organization_file", &N::organization_file, text_kind("a file"),
        "The file (org.toml) that is the source of truth for the objects. Without it that is the "
        "directory in data_directory, which `hermetic apply` and `hermetic connector` change."));
    all.push_back(option("cores", &N::cores, number_kind<std::uint32_t>(0, 256),
                         "Threads that serve connections; 0: one for each CPU."));
    return all;
}

std::vector<Option<ListenerOptions>> listener_options()
{
    using L = ListenerOptions;
    std::vector<Option<ListenerOptions>> all;
    all.push_back(
        option("name", &L::name, text_kind("a unique name"), "Used in logs and metrics."));
    all.push_back(option(
        "role", &L::role,
        choice_kind<ListenerRole>({{"relay", ListenerRole::Relay}, {"lmtp", ListenerRole::Lmtp}}),
        "`relay` speaks SMTP to other servers; `lmtp` speaks LMTP (RFC 2033)."));
    all.push_back(option("addresses", &L::addresses, list_kind(endpoint_kind()),
                         "Addresses and ports to listen on. Port 0: the system chooses."));
    all.push_back(
        option("tls", &L::tls,
               choice_kind<ListenerTls>({{"off", ListenerTls::Off},
                                         {"starttls", ListenerTls::StartTls},
                                         {"implicit", ListenerTls::Implicit}}),
               "`starttls`: offer STARTTLS; `implicit`: TLS from the first octet; `off`: no TLS."));
    all.push_back(
        option("min_tls", &L::min_tls, tls_version_kind(), "Oldest TLS version that is accepted."));
    all.push_back(
        option("max_tls", &L::max_tls, tls_version_kind(), "Newest TLS version that is accepted."));
    all.push_back(option("ciphers", &L::ciphers, text_kind("an OpenSSL cipher list"),
                         "For TLS 1.2 and below; empty: OpenSSL's default."));
    all.push_back(option("groups", &L::groups, text_kind("an OpenSSL list of groups"),
                         "Key exchange groups; empty: OpenSSL's default."));
    all.push_back(option("certificates", &L::certificates,
                         list_kind(text_kind("the name of a certificate")),
                         "Selected by SNI; the first is for clients that send none. Empty: a "
                         "generated self-signed one."));
    all.push_back(
        option("client_certificates", &L::client_certificates,
               choice_kind<ClientCertificates>({{"off", ClientCertificates::Off},
                                                {"request", ClientCertificates::Request},
                                                {"require", ClientCertificates::Require}}),
               "Whether clients are asked for a certificate. With \"require\" a handshake without "
               "one fails, and no mail is taken in clear."));
    all.push_back(option("proxy_networks", &L::proxy_networks, list_kind(network_kind()),
                         "Clients from here must begin with a PROXY header, version 1 or 2."));
    all.push_back(option("xclient_networks", &L::xclient_networks, list_kind(network_kind()),
                         "Clients from here may use XCLIENT."));
    all.push_back(
        option("legacy_networks", &L::legacy_networks, list_kind(network_kind()),
               "Required with a `min_tls` below 1.2, and allowed only with it: no other clients "
               "may use the listener, and an organization's `inbound_min_tls` is ignored there."));
    return all;
}

std::vector<Option<CertificateOptions>> certificate_options()
{
    using C = CertificateOptions;
    std::vector<Option<CertificateOptions>> all;
    all.push_back(option("name", &C::name, text_kind("a unique name"),
                         "Listeners refer to it by this name."));
    all.push_back(
        option("chain", &C::chain, text_kind("a PEM file"),
               "The certificate and its intermediates, leaf first. Read again when it changes."));
    all.push_back(
        option("key", &C::key, text_kind("a PEM file"),
               "Its private key; refused if everybody may read it. Read again when it changes."));
    all.push_back(option(
        "acme", &C::acme, text_kind("an https URL"),
        "Instead of files: the directory URL of the ACME server (RFC 8555) that issues it."));
    all.push_back(option("acme_ca", &C::acme_ca, text_kind("a PEM file"),
                         "CAs to verify the ACME server with, instead of the system's."));
    all.push_back(option("acme_contact", &C::acme_contact, text_kind("a mail address"),
                         "Contact of the ACME account; the ACME server may send mail to it."));
    all.push_back(option("acme_eab_key_id", &C::acme_eab_key_id, text_kind("a key id"),
                         "Where the ACME server takes only accounts of its customers (external "
                         "account binding): the id that it gave."));
    all.push_back(option("acme_eab_hmac_file", &C::acme_eab_hmac_file, text_kind("a file"),
                         "The HMAC key that goes with it, in base64url, on the first line; refused "
                         "where everybody may read it."));
    all.push_back(option("acme_domains", &C::acme_domains, list_kind(text_kind("a DNS name")),
                         "The host names in the certificate."));
    all.push_back(option("acme_challenge", &C::acme_challenge,
                         choice_kind<AcmeChallenge>({{"http-01", AcmeChallenge::Http01},
                                                     {"tls-alpn-01", AcmeChallenge::TlsAlpn01}}),
                         "How control of the names is proved: see [acme]."));
    return all;
}

std::vector<Option<AcmeOptions>> acme_options()
{
    using A = AcmeOptions;
    std::vector<Option<AcmeOptions>> all;
    all.push_back(option("http", &A::http, list_kind(endpoint_kind()),
                         "Where http-01 is answered, only during an order: the ACME server "
                         "connects to port 80 of each name."));
    all.push_back(
        option("tls", &A::tls, list_kind(endpoint_kind()),
               "Where tls-alpn-01 (RFC 8737) is answered: the ACME server connects to port 443."));
    return all;
}

std::vector<Option<LimitOptions>> limit_options()
{
    using L = LimitOptions;
    std::vector<Option<LimitOptions>> all;
    all.push_back(option("message_size", &L::message_size, octets_kind(64 * kKiB, 4 * kGiB),
                         "Largest message, offered as SIZE (RFC 1870)."));
    all.push_back(option("header_size", &L::header_size,
                         number_kind<std::uint32_t>(4096, 16U << 20U),
                         "Longest header of a message, in octets."));
    all.push_back(
        option("recipients", &L::recipients, number_kind<std::uint32_t>(100, 100000),
               "Recipients of one transaction; RFC 5321 §4.5.3.1.8 requires at least 100."));
    all.push_back(option("messages_per_session", &L::messages_per_session,
                         number_kind<std::uint32_t>(1, 1000000),
                         "Transactions of one session, offered as LIMITS MAILMAX (RFC 9422)."));
    all.push_back(option("errors_per_session", &L::errors_per_session,
                         number_kind<std::uint32_t>(1, 10000),
                         "Refused commands after which a session ends with 421."));
    all.push_back(option("commands_per_message", &L::commands_per_message,
                         number_kind<std::uint32_t>(100, 1000000),
                         "Commands without a message, in addition to the number of recipients "
                         "allowed, after which a session ends with 421."));
    all.push_back(option("sessions", &L::sessions, number_kind<std::uint32_t>(1, 1000000),
                         "Sessions open at once, in total."));
    all.push_back(option("sessions_per_client", &L::sessions_per_client,
                         number_kind<std::uint32_t>(1, 1000000),
                         "Sessions open at once from one address."));
    all.push_back(option(
        "messages_per_client", &L::messages_per_client, number_kind<std::uint32_t>(0, 1000000),
        "Messages a minute from one address (of IPv6 a /64); 0 means no limit. It does not apply "
        "to loopback, nor to clients that an `on_premises` connector admits."));
    all.push_back(option("connections_per_client", &L::connections_per_client,
                         number_kind<std::uint32_t>(0, 1000000),
                         "Connections a minute from one address; 0 means no limit. It does not "
                         "apply to loopback, nor to networks of an `on_premises` connector."));
    all.push_back(
        option("refused_recipients_per_client", &L::refused_recipients_per_client,
               number_kind<std::uint32_t>(0, 1000000),
               "Recipients refused to one address in an hour, in all its sessions, after which all "
               "its recipients get 450 until the hour is over, so that nobody can collect "
               "addresses. 0 means no limit. The same clients are exempt as above."));
    all.push_back(option(
        "received_fields", &L::received_fields, number_kind<std::uint32_t>(10, 1000),
        "Number of Received fields above which a message is refused as looping (RFC 5321 §6.3)."));
    all.push_back(option(
        "memory", &L::memory, octets_kind(1 * kMiB, kTiB),
        "Total memory for messages while they arrive, and for their recipients. When it is used "
        "up, new mail and further recipients get 452 4.3.1, and arriving messages are written to "
        "disk, until a quarter is free again. When half of it is used, a client that has sent next "
        "to nothing for five seconds loses its share: its partial message is written to disk, and "
        "its session ends (421) if it holds many recipients."));
    all.push_back(option("command_timeout", &L::command_timeout,
                         duration_kind(seconds{1}, hours{1}), "Timeout for the next command."));
    all.push_back(option("data_timeout", &L::data_timeout, duration_kind(seconds{1}, hours{1}),
                         "Timeout for the next part of a message."));
    all.push_back(option("misuse_delay", &L::misuse_delay, duration_kind(seconds{0}, minutes{1}),
                         "Delay before each further command of a session after 5 refused commands, "
                         "or 50 that added neither a recipient nor a message."));
    all.push_back(option("handshake_timeout", &L::handshake_timeout,
                         duration_kind(seconds{1}, minutes{10}), "Timeout for a TLS handshake."));
    all.push_back(option("session_time", &L::session_time, duration_kind(seconds{10}, hours{240}),
                         "Maximum duration of a session."));
    all.push_back(option(
        "bare_newlines", &L::bare_newlines,
        choice_kind<BareNewlines>(
            {{"refuse", BareNewlines::Refuse}, {"repair", BareNewlines::Repair}}),
        "A message with a bare CR or LF is refused, or repaired on receipt; never passed on."));
    all.push_back(
        option("routed_addresses", &L::routed_addresses,
               choice_kind<RoutedAddresses>(
                   {{"refuse", RoutedAddresses::Refuse}, {"accept", RoutedAddresses::Accept}}),
               "Whether recipients of accepted domains may contain a route (`u%other@ours`, "
               "`other!u@ours`, `\"u@other\"@ours`)."));
    return all;
}

std::vector<Option<ResolverNodeOptions>> resolver_options()
{
    using R = ResolverNodeOptions;
    std::vector<Option<ResolverNodeOptions>> all;
    all.push_back(option("forward", &R::forward, list_kind(endpoint_kind()),
                         "Resolvers that all queries are forwarded to; empty: the server resolves "
                         "from the root itself."));
    all.push_back(option("trust_anchors", &R::trust_anchors,
                         list_kind(text_kind("a DS or DNSKEY record")),
                         "Trust anchors; empty: those of root_anchor_file."));
    all.push_back(option("root_anchor_file", &R::root_anchor_file, text_kind("a file"),
                         "Trust anchor of the root, as in Debian's dns-root-data. Without it "
                         "nothing is validated."));
    all.push_back(option("timeout", &R::timeout, duration_kind(seconds{1}, minutes{2}),
                         "Timeout for an answer."));
    return all;
}

std::vector<Option<DeliveryOptions>> delivery_options()
{
    using D = DeliveryOptions;
    std::vector<Option<DeliveryOptions>> all;
    all.push_back(option("port", &D::port, number_kind<std::uint16_t>(1, 65535),
                         "Port of MX hosts; for tests."));
    all.push_back(option("allow_loopback", &D::allow_loopback, flag_kind(),
                         "Deliver to MX hosts with loopback addresses; for the lab."));
    all.push_back(option("allow_private", &D::allow_private, flag_kind(),
                         "Deliver to MX hosts with private addresses."));
    all.push_back(option("ehlo_name", &D::ehlo_name, text_kind("a host name"),
                         "Name in EHLO; empty: hostname."));
    all.push_back(option("source_addresses", &D::source_addresses, list_kind(address_kind()),
                         "Local addresses of outbound connections, the first of each family."));
    all.push_back(option("connections_per_destination", &D::connections_per_destination,
                         number_kind<std::uint32_t>(1, 10000),
                         "Maximum number of simultaneous connections to one destination."));
    all.push_back(option(
        "connections", &D::connections, number_kind<std::uint32_t>(1, 100000),
        "Maximum number of outbound connections in total; at most half of them to hosts that do "
        "not respond; the last tenth is reserved for destinations that have responded."));
    all.push_back(option("messages_per_connection", &D::messages_per_connection,
                         number_kind<std::uint32_t>(1, 100000),
                         "Messages after which a connection is closed."));
    all.push_back(option("idle_connection", &D::idle_connection,
                         duration_kind(seconds{0}, minutes{5}),
                         "How long an idle connection is kept for the next message."));
    all.push_back(option("connect_timeout", &D::connect_timeout,
                         duration_kind(seconds{1}, minutes{10}), "Timeout for a connection."));
    all.push_back(option("greeting_timeout", &D::greeting_timeout,
                         duration_kind(seconds{1}, hours{1}), "Timeout for the greeting."));
    all.push_back(option("command_timeout", &D::command_timeout,
                         duration_kind(seconds{1}, hours{1}),
                         "Timeout for the reply to a command (RFC 5321 §4.5.3.2)."));
    all.push_back(option("data_timeout", &D::data_timeout, duration_kind(seconds{1}, hours{1}),
                         "Timeout for the peer to accept a part of a message."));
    all.push_back(option("data_end_timeout", &D::data_end_timeout,
                         duration_kind(seconds{1}, hours{1}),
                         "Timeout for the reply to the end of a message."));
    all.push_back(option("attempt_time", &D::attempt_time, duration_kind(seconds{10}, hours{1}),
                         "How long an attempt may open new connections; hosts that were not tried "
                         "come first in the next attempt."));
    all.push_back(option("dead_host", &D::dead_host, duration_kind(seconds{0}, hours{24}),
                         "How long an unreachable host is skipped while there are others."));
    return all;
}

std::vector<Option<SpoolOptions>> spool_options()
{
    using S = SpoolOptions;
    std::vector<Option<SpoolOptions>> all;
    all.push_back(option(
        "high_water", &S::high_water, octets_kind(0, 1024 * kTiB),
        "Free disk space below which new mail gets 452 4.3.1. Messages that are arriving then are "
        "still received until half of it is left; one client may use at most half of that space."));
    all.push_back(option("low_water", &S::low_water, octets_kind(0, 1024 * kTiB),
                         "Free disk space above which new mail is accepted again."));
    all.push_back(option(
        "body_file_threshold", &S::body_file_threshold, octets_kind(4 * kKiB, 64 * kMiB),
        "Message bodies above this size are stored in separate files, written while they arrive."));
    all.push_back(option("ballast", &S::ballast, octets_kind(0, kGiB),
                         "Size of a reserve file that is deleted when the disk is full, so that "
                         "outcomes of deliveries can still be recorded."));
    all.push_back(option("max_messages", &S::max_messages,
                         number_kind<std::uint64_t>(1, 1000000000),
                         "Queued messages above which new mail gets 452 4.3.1."));
    return all;
}

std::vector<Option<LogOptions>> log_options()
{
    using L = LogOptions;
    std::vector<Option<LogOptions>> all;
    all.push_back(
        option("format", &L::format,
               choice_kind<LogFormat>({{"json", LogFormat::Json}, {"text", LogFormat::Text}}),
               "`json`: one JSON object per line; `text`: for people."));
    all.push_back(option("file", &L::file, text_kind("a file"), "Empty: standard error."));
    all.push_back(option(
        "level", &L::level,
        choice_kind<std::string>(
            {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}),
        "Lowest level that is written."));
    return all;
}

std::vector<Option<AdminOptions>> admin_options()
{
    using A = AdminOptions;
    std::vector<Option<AdminOptions>> all;
    all.push_back(option("socket", &A::socket, text_kind("a path"),
                         "Unix socket of the control API; empty: admin.sock in data_directory."));
    all.push_back(option("read_socket", &A::read_socket, text_kind("a path"),
                         "A second, read-only socket for monitoring: its answers contain no text "
                         "of messages. Empty: none."));
    return all;
}

std::vector<Option<MetricsOptions>> metrics_options()
{
    return {option(
        "addresses", &MetricsOptions::addresses, list_kind(endpoint_kind()),
        "Addresses where `GET /metrics` is served by HTTP to everybody who can connect, and "
        "nothing else: use a loopback address, or one that only the monitoring system can reach.")};
}

struct Reader {
    const Node& document;
    const std::string& file;
    Diagnostics& diagnostics;

    template <typename Section>
    void table(const std::string& key, const std::vector<Option<Section>>& options,
               Section& section)
    {
        const Node* node = document.find(key);
        if (node == nullptr) return;
        if (node->kind != Node::Kind::Table) {
            diagnostics.push_back({file, node->line, key, quote_node(*node) + " does not fit",
                                   "a table [" + key + "]"});
            return;
        }
        read_section(*node, options, {}, file, key, section, diagnostics);
    }

    template <typename Section>
    void tables(const std::string& key, const std::vector<Option<Section>>& options,
                std::vector<Section>& sections)
    {
        const Node* node = document.find(key);
        if (node == nullptr) return;
        const bool fits = node->kind == Node::Kind::List &&
                          std::all_of(node->list.begin(), node->list.end(), [](const Node& each) {
                              return each.kind == Node::Kind::Table;
                          });
        if (!fits) {
            diagnostics.push_back({file, node->line, key, quote_node(*node) + " does not fit",
                                   "tables [[" + key + "]]"});
            return;
        }
        for (const Node& each : node->list) {
            sections.emplace_back();
            const auto prefix = fmt::format("{}[{}]", key, sections.size() - 1);
            read_section(each, options, {}, file, prefix, sections.back(), diagnostics);
        }
    }
};

void make_absolute(std::string& path, const std::filesystem::path& folder)
{
    if (!path.empty() && path.front() != '/') path = (folder / path).lexically_normal().string();
}

void fill_in(NodeOptions& options, const std::string& file)
{
    const auto folder = std::filesystem::absolute(file).parent_path();
    make_absolute(options.data_directory, folder);
    make_absolute(options.organization_file, folder);
    make_absolute(options.log.file, folder);
    make_absolute(options.resolver.root_anchor_file, folder);
    for (CertificateOptions& certificate : options.certificates) {
        make_absolute(certificate.chain, folder);
        make_absolute(certificate.key, folder);
        make_absolute(certificate.acme_ca, folder);
        make_absolute(certificate.acme_eab_hmac_file, folder);
        if (certificate.acme.empty() || options.data_directory.empty()) continue;
        const std::string own = options.data_directory + "/acme/" + certificate.name;
        if (certificate.chain.empty()) certificate.chain = own + "/chain.pem";
        if (certificate.key.empty()) certificate.key = own + "/key.pem";
    }
    if (options.admin.socket.empty() && !options.data_directory.empty()) {
        options.admin.socket = options.data_directory + "/admin.sock";
    }
    make_absolute(options.admin.socket, folder);
    make_absolute(options.admin.read_socket, folder);
    if (options.delivery.ehlo_name.empty()) options.delivery.ehlo_name = options.hostname;
}

template <typename Section>
void add_lost(const std::string& prefix, const std::vector<Option<Section>>& options,
              const Section& is, const Section& next, std::vector<std::string>& keys)
{
    for (const Option<Section>& each : options)
        if (each.show(is) != each.show(next)) keys.push_back(join_key(prefix, each.key));
}

template <typename Section>
void add_lost(const std::string& kind, const std::vector<Option<Section>>& options,
              const std::vector<Section>& is, const std::vector<Section>& next,
              std::vector<std::string>& keys)
{
    for (const Section& each : is) {
        const std::string title = kind + " " + each.name;
        const auto found = std::find_if(next.begin(), next.end(), [&](const Section& other) {
            return other.name == each.name;
        });
        if (found == next.end()) {
            keys.push_back(title);
        } else {
            add_lost(title, options, each, *found, keys);
        }
    }
}

}  // namespace

std::vector<std::string> find_lost_keys(const NodeOptions& is, const NodeOptions& next)
{
    std::vector<std::string> keys;
    add_lost("", node_options(), is, next, keys);
    add_lost("listener", listener_options(), is.listeners, next.listeners, keys);
    add_lost("certificate", certificate_options(), is.certificates, next.certificates, keys);
    add_lost("limits", limit_options(), is.limits, next.limits, keys);
    add_lost("resolver", resolver_options(), is.resolver, next.resolver, keys);
    add_lost("delivery", delivery_options(), is.delivery, next.delivery, keys);
    add_lost("spool", spool_options(), is.spool, next.spool, keys);
    add_lost("log", log_options(), is.log, next.log, keys);
    add_lost("admin", admin_options(), is.admin, next.admin, keys);
    add_lost("metrics", metrics_options(), is.metrics, next.metrics, keys);
    add_lost("acme", acme_options(), is.acme, next.acme, keys);
    return keys;
}

Result<NodeOptions, Diagnostics> read_node_options(const Node& document, const std::string& file)
{
    NodeOptions options;
    Diagnostics diagnostics;
    read_section(document, node_options(),
                 {"listener", "certificate", "limits", "resolver", "delivery", "spool", "log",
                  "admin", "metrics", "acme"},
                 file, "", options, diagnostics);
    Reader reader{document, file, diagnostics};
    reader.tables("listener", listener_options(), options.listeners);
    reader.tables("certificate", certificate_options(), options.certificates);
    reader.table("limits", limit_options(), options.limits);
    reader.table("resolver", resolver_options(), options.resolver);
    reader.table("delivery", delivery_options(), options.delivery);
    reader.table("spool", spool_options(), options.spool);
    reader.table("log", log_options(), options.log);
    reader.table("admin", admin_options(), options.admin);
    reader.table("metrics", metrics_options(), options.metrics);
    reader.table("acme", acme_options(), options.acme);
    fill_in(options, file);
    if (diagnostics.empty()) validate_node_options(options, document, file, diagnostics);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return options;
}

Result<NodeOptions, Diagnostics> load_node_options(const std::string& file)
{
    const auto document = load_document(file);
    if (!document) return failure(Diagnostics{document.error()});
    return read_node_options(*document, file);
}

std::string find_admin_socket(const std::string& file)
{
    const auto document = load_document(file);
    if (!document) return {};
    NodeOptions options;
    Diagnostics ignored;
    read_section(*document, node_options(), {}, file, "", options, ignored);
    Reader{*document, file, ignored}.table("admin", admin_options(), options.admin);
    fill_in(options, file);
    return options.admin.socket;
}

std::vector<SectionReference> node_reference()
{
    return {describe_section("Top level", node_options()),
            describe_section("[[listener]]", listener_options()),
            describe_section("[[certificate]]", certificate_options()),
            describe_section("[limits]", limit_options()),
            describe_section("[resolver]", resolver_options()),
            describe_section("[delivery]", delivery_options()),
            describe_section("[spool]", spool_options()),
            describe_section("[log]", log_options()),
            describe_section("[admin]", admin_options()),
            describe_section("[metrics]", metrics_options()),
            describe_section("[acme]", acme_options())};
}

std::string format_node_reference()
{
    return "# hermetic.toml\n\nSettings of one node. Made by `hermetic reference node`.\n" +
           format_sections(node_reference());
}

}  // namespace hermetic::config
