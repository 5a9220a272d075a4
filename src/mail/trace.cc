#include "mail/trace.h"

#include "core/assert.h"
#include "core/text.h"
#include "mail/address.h"

namespace hermetic::mail {
namespace {

constexpr std::size_t kMaxLine = 78;
constexpr std::size_t kMaxForeign = 60;

// Words that may be parted by a line break between them.
class FoldedField {
public:
    explicit FoldedField(std::string_view name) : text_{name}, column_{name.size() + 1}
    {
        text_ += ':';
    }

    void word(std::string_view word)
    {
        if (column_ + 1 + word.size() > kMaxLine) {
            text_ += "\r\n\t";
            column_ = 8;  // as people see a tab
        } else {
            text_ += ' ';
            ++column_;
        }
        text_ += word;
        column_ += word.size();
    }

    [[nodiscard]] std::string finish() { return std::move(text_) + "\r\n"; }

private:
    std::string text_;
    std::size_t column_;
};

// Text for a comment: printable ASCII, and no parenthesis of its own (RFC 5322 §3.2.2).
std::string comment_text(std::string_view foreign)
{
    std::string out;
    for (const char c : printable_ascii(foreign, kMaxForeign)) {
        if (c == '(') {
            out += "\\x28";
        } else if (c == ')') {
            out += "\\x29";
        } else if (c == ' ') {
            out += "\\x20";  // one word: a break in it would be ours, not the client's
        } else {
            out += c;
        }
    }
    return out;
}

void add_client(FoldedField& field, const ReceivedFacts& facts)
{
    const std::string literal = format_address_literal(facts.client);
    const bool is_name = facts.helo.size() <= kMaxForeign && is_ascii(facts.helo) &&
                         Domain::parse(facts.helo).has_value();
    field.word("from");
    if (is_name) {
        field.word(facts.helo);
    } else {
        // Extended-Domain takes a domain or a literal, nothing else (RFC 5321 §4.1.2).
        field.word(literal);
    }
    const auto name = Domain::parse(facts.client_name);
    if (name && name->text().size() <= kMaxForeign) {
        field.word("(" + name->text());
        field.word(literal + ")");
    } else {
        field.word("(" + literal + ")");
    }
    if (!is_name && !facts.helo.empty() && facts.helo != literal) {
        field.word("(helo=" + comment_text(facts.helo) + ")");
    }
}

std::string_view words_for(ClientCertificateVerdict verdict)
{
    switch (verdict) {
    case ClientCertificateVerdict::NotAsked:
        return "";
    case ClientCertificateVerdict::None:
        return "no client certificate";
    case ClientCertificateVerdict::Verified:
        return "client certificate verified";
    case ClientCertificateVerdict::NotVerified:
        return "client certificate not verified";
    }
    unreachable("every ClientCertificateVerdict has words");
}

void add_tls(FoldedField& field, const ReceivedFacts& facts)
{
    if (facts.tls_version.empty()) return;
    std::string text = "(using " + std::string{facts.tls_version};
    if (!facts.tls_cipher.empty()) text += " with cipher " + std::string{facts.tls_cipher};
    if (!facts.tls_group.empty()) text += " group " + std::string{facts.tls_group};
    const std::string_view certificate = words_for(facts.certificate);
    if (!certificate.empty()) text += ", " + std::string{certificate};
    text += ')';
    for (const std::string_view word : split(text, ' ')) field.word(word);
}

}  // namespace

std::string format_protocol(const ProtocolFacts& facts)
{
    // RFC 3848 has no SMTPS: STARTTLS needs EHLO. Implicit TLS with HELO shows in the comment.
    if (facts.protocol == MailProtocol::Smtp) return "SMTP";
    std::string name = facts.protocol == MailProtocol::Lmtp ? "LMTP" : "ESMTP";
    if (facts.smtputf8) {
        name = facts.protocol == MailProtocol::Lmtp ? "UTF8LMTP" : "UTF8SMTP";
    }
    if (facts.tls) name += 'S';
    if (facts.authenticated) name += 'A';
    return name;
}

std::string format_received(const ReceivedFacts& facts)
{
    FoldedField field{"Received"};
    add_client(field, facts);
    add_tls(field, facts);
    field.word("by");
    field.word(facts.by);
    field.word("(Hermetic)");
    field.word("with");
    field.word(facts.protocol);
    field.word("id");
    field.word(format_id(facts.id));
    field.word("(session");
    field.word(format_id(facts.session) + ");");
    const std::string date = format_rfc5322(facts.received);
    for (const std::string_view word : split(date, ' ')) field.word(word);
    return field.finish();
}

}  // namespace hermetic::mail
