// What a partner of the lab does, as one short description: the defaults are a modern server that
// takes every message over TLS, so that a row of partners.cc states only what differs.
//
// Values only. The servers that act them out are in partner.cc, dialogue.cc and zones.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

namespace hermetic::lab {

enum class TlsVersion { Tls10, Tls11, Tls12, Tls13 };

enum class CertificateKind {
    Good,
    Expired,
    NotYetValid,
    SelfSigned,
    WrongName,         // valid, but for a host of somebody else
    UnknownAuthority,  // a chain to a root that nobody has
    IncompleteChain,   // the issuing authority's certificate is not sent
    Revoked,           // its serial number is on crl.pem
    Rsa1024,
    Sha1Signature,
    Wildcard,        // *.<domain> alone
    CommonNameOnly,  // no subjectAltName at all
    // Hostile or broken:
    ManyNames,         // two thousand in subjectAltName, the right one last
    Huge,              // more names than fit into what clients take for a certificate
    NulInName,         // <host>\0.elsewhere.test
    WildcardAlone,     // "*"
    WildcardTopLevel,  // "*.test"
    WildcardInside,    // "mx.*.lab.test"
    WildcardPartial,   // "m*.<domain>"
    WildcardDouble,    // "**.<domain>"
    UnicodeName,    // a U-label in UTF-8, an escape sequence behind it (RFC 5280 §4.2.1.6: ASCII)
    AddressOnly,    // an iPAddress and no dNSName
    ExpiredIssuer,  // the issuing authority's certificate has expired
    LongChain,      // twenty issuing authorities below the root
    AuthorityAsLeaf,  // CA:TRUE
    ClientUsage,      // extendedKeyUsage clientAuth alone
};

enum class Staple { None, Good, Revoked };  // stapled OCSP answer (RFC 6066 §8)

enum class ClientCertificate { NotAsked, Required };

// What is done instead of a handshake, after the 220 to STARTTLS.
enum class HandshakeAct {
    Honest,
    CloseBeforeClientHello,
    CloseAfterClientHello,
    ResetAfterClientHello,
    ProtocolVersionAlert,
    HandshakeFailureAlert,
    GarbageServerHello,
    CloseInServerFlight,  // half of ServerHello and certificate, then the end
    Silence,
};

// Which ClientHellos are treated so: intolerance is a fault that depends on the offer.
enum class HelloOffers { Anything, Tls13, SessionTicket, SeveralGroups };

// What its TLS lacks of today's strength. TLS 1.2 at most.
enum class HandshakeWeakness {
    None,
    Sha1Signatures,         // of its part of the handshake
    SmallGroup,             // Diffie-Hellman of 1024 bits
    NoSecureRenegotiation,  // RFC 5746
};

struct HandshakeFault {
    HandshakeAct act = HandshakeAct::Honest;
    HelloOffers when = HelloOffers::Anything;
};

enum class StarttlsOffer { Offered, NotOffered };

// Moments of a session at which a partner can deviate.
enum class Moment { Connect, Ehlo, Helo, Starttls, Mail, Rcpt, Data, InData, EndOfData, Quit };

enum class Act {
    Reply,         // `code` and `text` instead of the honest reply; 421 also ends the session
    Close,         // instead of a reply
    Reset,         // the same with a TCP reset
    Garbage,       // octets that are not an SMTP reply
    LongLine,      // a reply line of 100,000 octets
    EndlessReply,  // continuation lines without an end
    Silence,       // nothing, until the client gives up
};

enum class When { Always, InClear, UnderTls };

struct Deviation {
    static constexpr int kAlways = 0;

    Moment at = Moment::Mail;
    Act act = Act::Reply;
    int code = 550;
    std::string_view text = "5.7.1 Refused by the lab";
    When when = When::Always;
    int times = kAlways;  // then honest; counted for each recipient at Moment::Rcpt
};

struct Extensions {
    bool pipelining = true;
    bool eight_bit_mime = true;
    bool smtputf8 = true;
    bool chunking = true;
    bool dsn = true;
    bool enhanced_status_codes = true;
    bool size = true;
    std::size_t size_limit = 200U << 20;  // refused above it, also where SIZE is not offered
};

enum class Protocol { Smtp, Lmtp };

// The records of the partner's domain; mx.<domain> is its host.
enum class Zone {
    Mx,                 // MX 10 mx.<domain>
    ImplicitMx,         // no MX; the domain has the host's address (RFC 5321 §5.1)
    NullMx,             // MX 0 . (RFC 7505)
    DotAmongMx,         // MX 0 . beside an honest MX, against RFC 7505 §3
    DeadMxFirst,        // MX 10 where nothing listens, MX 20 the host
    EveryMxDead,        // two MX where nothing listens
    MxWithoutAddress,   // the MX host exists and has no address
    MxToUnknownHost,    // the MX host does not exist
    MxIsAlias,          // the MX host is a CNAME (against RFC 5321 §5.1, and common)
    DomainIsAlias,      // the domain is a CNAME to one with an MX
    AliasLoop,          // two CNAMEs that name each other
    NoMxNoAddress,      // the domain exists and has only a TXT
    NoSuchDomain,       // NXDOMAIN
    ServerFailure,      // SERVFAIL
    NoAnswer,           // questions are dropped
    LargeAnswer,        // forty MX: truncated in UDP, whole in TCP
    LeadsBackToSender,  // the only MX is the sending server's own name
    Ipv6Only,           // AAAA alone
};

// What the default policy (opportunistic TLS, floor 1.2) should make of it.
enum class Outcome { Delivered, Deferred, Failed };
enum class Protection { Tls13, Tls12, Clear, Nothing };  // Nothing: no message was sent

struct Expected {
    Outcome outcome = Outcome::Delivered;
    Protection protection = Protection::Tls13;
};

struct Behaviour {
    std::string_view name;     // first label of <name>.lab.test
    std::string_view summary;  // one sentence for people
    Expected expected{};

    Zone zone = Zone::Mx;
    Protocol protocol = Protocol::Smtp;

    TlsVersion lowest_tls = TlsVersion::Tls12;
    TlsVersion highest_tls = TlsVersion::Tls13;
    CertificateKind certificate = CertificateKind::Good;
    Staple staple = Staple::None;
    ClientCertificate client_certificate = ClientCertificate::NotAsked;
    StarttlsOffer starttls = StarttlsOffer::Offered;
    HandshakeFault handshake{};
    HandshakeWeakness weakness = HandshakeWeakness::None;
    std::string_view injected_after_starttls{};  // clear text in the same segment as the 220

    Extensions extensions{};
    std::vector<Deviation> deviations{};
    std::chrono::milliseconds reply_delay{0};
    std::chrono::milliseconds octet_delay{0};  // above 0: replies go out an octet at a time
};

}  // namespace hermetic::lab
