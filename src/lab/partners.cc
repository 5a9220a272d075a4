#include "lab/partners.h"

#include <algorithm>

namespace hermetic::lab {
namespace {

using std::chrono::milliseconds;

constexpr Expected kTls12{Outcome::Delivered, Protection::Tls12};
constexpr Expected kClear{Outcome::Delivered, Protection::Clear};
constexpr Expected kDeferred{Outcome::Deferred, Protection::Nothing};
constexpr Expected kFailed{Outcome::Failed, Protection::Nothing};

// The second line would be read as the answer to the EHLO after the handshake by a client that
// keeps what it had buffered in clear (the attack of CVE-2011-0411, turned against clients).
constexpr std::string_view kInjectedReplies =
    "250-injected.lab.test\r\n250 AUTH PLAIN\r\n250 2.1.0 injected\r\n";

// clang-format off
std::vector<Behaviour> tls_partners()
{
    return {
        {.name = "modern", .summary = "No fault: TLS 1.3 or 1.2, good certificate"},
        {.name = "tls13", .summary = "TLS 1.3 and nothing older", .lowest_tls = TlsVersion::Tls13},
        {.name = "tls12", .summary = "TLS 1.2 and nothing newer", .expected = kTls12, .highest_tls = TlsVersion::Tls12},
        {.name = "tls11", .summary = "TLS 1.1 only: below the default minimum", .expected = kClear, .lowest_tls = TlsVersion::Tls11, .highest_tls = TlsVersion::Tls11},
        {.name = "tls10", .summary = "TLS 1.0 only: below the default minimum", .expected = kClear, .lowest_tls = TlsVersion::Tls10, .highest_tls = TlsVersion::Tls10},
        {.name = "clear", .summary = "Does not offer STARTTLS", .expected = kClear, .starttls = StarttlsOffer::NotOffered},
        {.name = "refused", .summary = "Offers STARTTLS, then answers 454 to it", .expected = kClear,
         .deviations = {{.at = Moment::Starttls, .code = 454, .text = "4.7.0 TLS not available at the moment"}}},
        {.name = "starttls-unknown", .summary = "Offers STARTTLS, then does not know the command", .expected = kClear,
         .deviations = {{.at = Moment::Starttls, .code = 502, .text = "5.5.1 Command not implemented"}}},
        {.name = "starttls-closed", .summary = "Closes at STARTTLS", .expected = kClear,
         .deviations = {{.at = Moment::Starttls, .act = Act::Close}}},
        {.name = "tls-required", .summary = "Accepts mail in TLS only: 530 in clear text",
         .deviations = {{.at = Moment::Mail, .code = 530, .text = "5.7.0 Must issue a STARTTLS command first", .when = When::InClear}}},
        {.name = "injected", .summary = "Injects replies in clear text after the 220 to STARTTLS", .injected_after_starttls = kInjectedReplies},
        {.name = "client-certificate", .summary = "Requires a client certificate", .expected = kClear, .client_certificate = ClientCertificate::Required},
        {.name = "client-certificate-tls12", .summary = "Requires a client certificate, TLS 1.2", .expected = kClear, .highest_tls = TlsVersion::Tls12, .client_certificate = ClientCertificate::Required},

        {.name = "closed-before-hello", .summary = "Says 220 to STARTTLS and closes", .expected = kClear, .handshake = {HandshakeAct::CloseBeforeClientHello}},
        {.name = "closed-after-hello", .summary = "Closes after the ClientHello", .expected = kClear, .handshake = {HandshakeAct::CloseAfterClientHello}},
        {.name = "reset", .summary = "Resets the connection after the ClientHello", .expected = kClear, .handshake = {HandshakeAct::ResetAfterClientHello}},
        {.name = "version-alert", .summary = "Answers every ClientHello with a protocol_version alert", .expected = kClear, .handshake = {HandshakeAct::ProtocolVersionAlert}},
        {.name = "handshake-alert", .summary = "Answers every ClientHello with a handshake_failure alert", .expected = kClear, .handshake = {HandshakeAct::HandshakeFailureAlert}},
        {.name = "garbage-hello", .summary = "Sends garbage in place of its ServerHello", .expected = kClear, .handshake = {HandshakeAct::GarbageServerHello}},
        {.name = "closed-in-flight", .summary = "Closes in the middle of its ServerHello and certificate", .expected = kClear, .highest_tls = TlsVersion::Tls12, .handshake = {HandshakeAct::CloseInServerFlight}},
        {.name = "silent-handshake", .summary = "Never answers the ClientHello", .expected = kClear, .handshake = {HandshakeAct::Silence}},
        {.name = "tls13-intolerant", .summary = "Breaks when TLS 1.3 is offered; speaks 1.2", .expected = kTls12, .highest_tls = TlsVersion::Tls12, .handshake = {HandshakeAct::CloseAfterClientHello, HelloOffers::Tls13}},
        {.name = "tls13-stripped", .summary = "Breaks offers of TLS 1.3 though it speaks it, and knows a forced fallback: never in clear", .expected = kDeferred, .handshake = {HandshakeAct::ResetAfterClientHello, HelloOffers::Tls13}},
        {.name = "ticket-intolerant", .summary = "Breaks when session tickets are offered", .handshake = {HandshakeAct::CloseAfterClientHello, HelloOffers::SessionTicket}},
        {.name = "sha1-handshake", .summary = "Signs its TLS 1.2 handshake with SHA-1 and nothing better", .expected = kTls12, .highest_tls = TlsVersion::Tls12, .weakness = HandshakeWeakness::Sha1Signatures},
        {.name = "dh1024", .summary = "A Diffie-Hellman group of 1024 bits and nothing better", .expected = kTls12, .highest_tls = TlsVersion::Tls12, .weakness = HandshakeWeakness::SmallGroup},
        {.name = "no-rfc5746", .summary = "TLS 1.2 without secure renegotiation (RFC 5746)", .expected = kTls12, .highest_tls = TlsVersion::Tls12, .weakness = HandshakeWeakness::NoSecureRenegotiation},
        {.name = "group-intolerant", .summary = "Breaks when more than one group is offered", .handshake = {HandshakeAct::HandshakeFailureAlert, HelloOffers::SeveralGroups}},
    };
}

std::vector<Behaviour> certificate_partners()
{
    return {
        {.name = "expired", .summary = "Certificate expired", .certificate = CertificateKind::Expired},
        {.name = "not-yet-valid", .summary = "Certificate is not valid yet", .certificate = CertificateKind::NotYetValid},
        {.name = "self-signed", .summary = "Self-signed certificate", .certificate = CertificateKind::SelfSigned},
        {.name = "wrong-name", .summary = "Certificate for another host", .certificate = CertificateKind::WrongName},
        {.name = "unknown-ca", .summary = "Certificate of an unknown authority", .certificate = CertificateKind::UnknownAuthority},
        {.name = "incomplete-chain", .summary = "Does not send its intermediate certificate", .certificate = CertificateKind::IncompleteChain},
        {.name = "revoked", .summary = "Certificate on the authority's revocation list", .certificate = CertificateKind::Revoked},
        {.name = "revoked-stapled", .summary = "Staples an OCSP answer that says revoked", .certificate = CertificateKind::Revoked, .staple = Staple::Revoked},
        {.name = "stapled", .summary = "Staples an OCSP answer that says good", .staple = Staple::Good},
        {.name = "rsa1024", .summary = "RSA key of 1024 bits", .certificate = CertificateKind::Rsa1024},
        {.name = "sha1", .summary = "Certificate signed with SHA-1", .certificate = CertificateKind::Sha1Signature},
        {.name = "wildcard", .summary = "Wildcard certificate of its domain", .certificate = CertificateKind::Wildcard},
        {.name = "common-name", .summary = "Name in the subject only, no subjectAltName", .certificate = CertificateKind::CommonNameOnly},
    };
}

// TLS comes about, but for the one whose certificate is too large, and under the default policy
// nobody is asked for a name.
std::vector<Behaviour> hostile_certificate_partners()
{
    return {
        {.name = "many-names", .summary = "Certificate with two thousand names, its own last", .certificate = CertificateKind::ManyNames},
        {.name = "huge-certificate", .summary = "Certificate of 280,000 octets, its own name last", .certificate = CertificateKind::Huge},
        {.name = "nul-in-name", .summary = "Certificate for its own name, a NUL and another", .certificate = CertificateKind::NulInName},
        {.name = "wildcard-alone", .summary = "Certificate for *", .certificate = CertificateKind::WildcardAlone},
        {.name = "wildcard-top-level", .summary = "Certificate for *.test", .certificate = CertificateKind::WildcardTopLevel},
        {.name = "wildcard-inside", .summary = "Certificate for mx.*.lab.test", .certificate = CertificateKind::WildcardInside},
        {.name = "wildcard-partial", .summary = "Certificate for m* in its domain", .certificate = CertificateKind::WildcardPartial},
        {.name = "wildcard-double", .summary = "Certificate for ** in its domain", .certificate = CertificateKind::WildcardDouble},
        {.name = "unicode-name", .summary = "Certificate with a name in UTF-8 and terminal escapes", .certificate = CertificateKind::UnicodeName},
        {.name = "address-only", .summary = "Certificate for an IP address alone", .certificate = CertificateKind::AddressOnly},
        {.name = "expired-issuer", .summary = "The certificate of its issuing authority expired", .certificate = CertificateKind::ExpiredIssuer},
        {.name = "long-chain", .summary = "Twenty authorities between its certificate and the root", .certificate = CertificateKind::LongChain},
        {.name = "authority-as-leaf", .summary = "Shows the certificate of an authority as its own", .certificate = CertificateKind::AuthorityAsLeaf},
        {.name = "client-usage", .summary = "Certificate that is for clients only", .certificate = CertificateKind::ClientUsage},
    };
}

std::vector<Behaviour> smtp_partners()
{
    return {
        {.name = "greylist", .summary = "Greylisting: the first attempt for a recipient gets 450", .expected = kDeferred,
         .deviations = {{.at = Moment::Rcpt, .code = 450, .text = "4.7.1 Greylisted, try again later", .times = 1}}},
        {.name = "banner-554", .summary = "Greets with 554", .expected = kFailed,
         .deviations = {{.at = Moment::Connect, .code = 554, .text = "5.7.1 No SMTP service here"}}},
        {.name = "banner-421", .summary = "Greets with 421", .expected = kDeferred,
         .deviations = {{.at = Moment::Connect, .code = 421, .text = "4.3.2 Too busy"}}},
        {.name = "ehlo-550", .summary = "Refuses EHLO and HELO with 550", .expected = kFailed,
         .deviations = {{.at = Moment::Ehlo, .text = "5.7.1 I do not like your name"}, {.at = Moment::Helo, .text = "5.7.1 I do not like your name"}}},
        {.name = "helo-only", .summary = "Knows HELO only", .expected = kClear,
         .deviations = {{.at = Moment::Ehlo, .code = 502, .text = "5.5.1 Command not implemented"}}},
        {.name = "ehlo-fails-under-tls", .summary = "Refuses EHLO and HELO after the handshake", .expected = kDeferred,
         .deviations = {{.at = Moment::Ehlo, .code = 451, .text = "4.3.0 Not now", .when = When::UnderTls}, {.at = Moment::Helo, .code = 451, .text = "4.3.0 Not now", .when = When::UnderTls}}},
        {.name = "mail-550", .summary = "Refuses MAIL with 550", .expected = kFailed,
         .deviations = {{.at = Moment::Mail, .text = "5.7.1 Sender refused"}}},
        {.name = "mail-451", .summary = "Refuses MAIL with 451", .expected = kDeferred,
         .deviations = {{.at = Moment::Mail, .code = 451, .text = "4.3.0 Try again later"}}},
        {.name = "mail-421", .summary = "Answers 421 to MAIL and closes", .expected = kDeferred,
         .deviations = {{.at = Moment::Mail, .code = 421, .text = "4.3.2 Shutting down"}}},
        {.name = "rcpt-550", .summary = "Refuses every recipient with 550", .expected = kFailed,
         .deviations = {{.at = Moment::Rcpt, .text = "5.1.1 No such user"}}},
        {.name = "rcpt-452", .summary = "Refuses every recipient with 452", .expected = kDeferred,
         .deviations = {{.at = Moment::Rcpt, .code = 452, .text = "4.2.2 Mailbox full"}}},
        {.name = "data-554", .summary = "Refuses DATA with 554", .expected = kFailed, .extensions = {.chunking = false},
         .deviations = {{.at = Moment::Data, .code = 554, .text = "5.5.0 No valid recipients, it says"}}},
        {.name = "data-451", .summary = "Refuses DATA with 451", .expected = kDeferred, .extensions = {.chunking = false},
         .deviations = {{.at = Moment::Data, .code = 451, .text = "4.3.0 Try again later"}}},
        {.name = "message-550", .summary = "Reads the message, then refuses it with 550", .expected = kFailed,
         .deviations = {{.at = Moment::EndOfData, .text = "5.6.0 Content refused"}}},
        {.name = "message-452", .summary = "Reads the message, then answers 452", .expected = kDeferred,
         .deviations = {{.at = Moment::EndOfData, .code = 452, .text = "4.3.1 Insufficient storage"}}},
        {.name = "busy-421", .summary = "Answers 421 after the message", .expected = kDeferred,
         .deviations = {{.at = Moment::EndOfData, .code = 421, .text = "4.3.2 Shutting down"}}},

        {.name = "garbage-banner", .summary = "Greets with octets that are not SMTP", .expected = kDeferred,
         .deviations = {{.at = Moment::Connect, .act = Act::Garbage}}},
        {.name = "garbage", .summary = "Answers MAIL with octets that are not SMTP", .expected = kDeferred,
         .deviations = {{.at = Moment::Mail, .act = Act::Garbage}}},
        {.name = "endless", .summary = "Answers EHLO with lines without end", .expected = kDeferred,
         .deviations = {{.at = Moment::Ehlo, .act = Act::EndlessReply}}},
        {.name = "long-line", .summary = "Answers MAIL with a line of 100,000 octets", .expected = kDeferred,
         .deviations = {{.at = Moment::Mail, .act = Act::LongLine}}},
        {.name = "silent", .summary = "Accepts the connection and never greets", .expected = kDeferred,
         .deviations = {{.at = Moment::Connect, .act = Act::Silence}}},
        {.name = "closes-at-connect", .summary = "Closes instead of greeting", .expected = kDeferred,
         .deviations = {{.at = Moment::Connect, .act = Act::Close}}},
        {.name = "closes-after-rcpt", .summary = "Closes at RCPT", .expected = kDeferred,
         .deviations = {{.at = Moment::Rcpt, .act = Act::Close}}},
        {.name = "closes-in-data", .summary = "Closes while the message arrives", .expected = kDeferred,
         .deviations = {{.at = Moment::InData, .act = Act::Close}}},
        {.name = "closes-before-250", .summary = "Reads the whole message and closes without an answer", .expected = kDeferred,
         .deviations = {{.at = Moment::EndOfData, .act = Act::Close}}},
        {.name = "closes-at-quit", .summary = "Accepts the message and resets at QUIT",
         .deviations = {{.at = Moment::Quit, .act = Act::Reset}}},

        {.name = "slow", .summary = "Delays every reply by 200 ms", .reply_delay = milliseconds{200}},
        {.name = "tarpit", .summary = "Sends its replies an octet at a time", .octet_delay = milliseconds{2}},
        {.name = "no-pipelining", .summary = "No PIPELINING", .extensions = {.pipelining = false}},
        {.name = "no-chunking", .summary = "No CHUNKING", .extensions = {.chunking = false}},
        {.name = "no-8bitmime", .summary = "No 8BITMIME, no CHUNKING, no SMTPUTF8", .extensions = {.eight_bit_mime = false, .smtputf8 = false, .chunking = false}},
        {.name = "no-smtputf8", .summary = "No SMTPUTF8", .extensions = {.smtputf8 = false}},
        {.name = "no-size", .summary = "No SIZE", .extensions = {.size = false}},
        {.name = "no-dsn", .summary = "No DSN", .extensions = {.dsn = false}},
        {.name = "bare", .summary = "STARTTLS and no other extension",
         .extensions = {.pipelining = false, .eight_bit_mime = false, .smtputf8 = false, .chunking = false, .dsn = false, .enhanced_status_codes = false, .size = false}},
        {.name = "small", .summary = "Accepts messages up to 2,000 octets", .extensions = {.size_limit = 2000}},
        {.name = "notices", .summary = "Receives the notices about mail that failed"},
        {.name = "lmtp", .summary = "A mailbox server that speaks LMTP", .expected = kClear, .protocol = Protocol::Lmtp, .starttls = StarttlsOffer::NotOffered},
    };
}

std::vector<Behaviour> dns_partners()
{
    return {
        {.name = "implicit-mx", .summary = "No MX: the domain's own address accepts mail", .zone = Zone::ImplicitMx},
        {.name = "dead-first", .summary = "Nothing listens at the first MX; the second accepts mail", .zone = Zone::DeadMxFirst},
        {.name = "dead", .summary = "Nothing listens at any MX", .expected = kDeferred, .zone = Zone::EveryMxDead},
        {.name = "null-mx", .summary = "Null MX: the domain accepts no mail", .expected = kFailed, .zone = Zone::NullMx},
        {.name = "dot-among-mx", .summary = "A null MX beside a real one", .zone = Zone::DotAmongMx},
        {.name = "nowhere", .summary = "The domain does not exist", .expected = kFailed, .zone = Zone::NoSuchDomain},
        {.name = "no-address", .summary = "The domain has neither MX nor address", .expected = kFailed, .zone = Zone::NoMxNoAddress},
        {.name = "mx-without-address", .summary = "The MX host has no address", .expected = kFailed, .zone = Zone::MxWithoutAddress},
        {.name = "mx-unknown-host", .summary = "The MX host does not exist", .expected = kFailed, .zone = Zone::MxToUnknownHost},
        {.name = "mx-alias", .summary = "The MX host is an alias (CNAME)", .zone = Zone::MxIsAlias},
        {.name = "domain-alias", .summary = "The domain is an alias (CNAME)", .zone = Zone::DomainIsAlias},
        {.name = "alias-loop", .summary = "The domain is an alias of itself, by way of another", .expected = kDeferred, .zone = Zone::AliasLoop},
        {.name = "servfail", .summary = "Its name server fails (SERVFAIL)", .expected = kDeferred, .zone = Zone::ServerFailure},
        {.name = "dns-silent", .summary = "Its name server never answers", .expected = kDeferred, .zone = Zone::NoAnswer},
        {.name = "large-answer", .summary = "Forty MX: the answer needs TCP", .zone = Zone::LargeAnswer},
        {.name = "loop", .summary = "Its only MX is the sending server itself", .expected = kFailed, .zone = Zone::LeadsBackToSender},
        {.name = "ipv6", .summary = "IPv6 address only", .zone = Zone::Ipv6Only},
    };
}
// clang-format on

std::vector<Behaviour> make_table()
{
    std::vector<Behaviour> table;
    for (auto* const part : {tls_partners, certificate_partners, smtp_partners, dns_partners,
                             hostile_certificate_partners}) {
        std::ranges::move(part(), std::back_inserter(table));
    }
    return table;
}

}  // namespace

const std::vector<Behaviour>& all_partners()
{
    static const std::vector<Behaviour> table = make_table();
    return table;
}

const Behaviour* find_partner(std::string_view name)
{
    const auto found = std::ranges::find(all_partners(), name, &Behaviour::name);
    return found == all_partners().end() ? nullptr : &*found;
}

std::string domain_of(const Behaviour& behaviour)
{
    return std::string{behaviour.name} + '.' + std::string{kLabZone};
}

std::string host_of(const Behaviour& behaviour)
{
    return "mx." + domain_of(behaviour);
}

bool has_server(const Behaviour& behaviour)
{
    switch (behaviour.zone) {
    case Zone::NullMx:
    case Zone::EveryMxDead:
    case Zone::MxWithoutAddress:
    case Zone::MxToUnknownHost:
    case Zone::AliasLoop:
    case Zone::NoMxNoAddress:
    case Zone::NoSuchDomain:
    case Zone::ServerFailure:
    case Zone::NoAnswer:
    case Zone::LeadsBackToSender:
        return false;
    default:
        return true;
    }
}

}  // namespace hermetic::lab
