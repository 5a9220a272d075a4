// Domains, mailboxes, paths, xtext: what was formatted parses to the same value.
#include "core/assert.h"
#include "core/text.h"
#include "mail/path.h"
#include "mail/trace.h"
#include "mail/xtext.h"

#include <cstdint>
#include <string>

namespace {

using namespace hermetic;
using mail::AllowUtf8;

void check_received(std::string_view input)
{
    mail::ReceivedFacts facts;
    facts.helo = input;
    facts.client_name = input;
    facts.by = "mx.example.org";
    facts.protocol = "ESMTP";
    const std::string field = mail::format_received(facts);
    HERMETIC_ASSERT(field.ends_with("\r\n") && is_ascii(field));
    int depth = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '\\') {
            ++i;
            continue;
        }
        if (field[i] == '(') ++depth;
        if (field[i] == ')') --depth;
        HERMETIC_ASSERT(depth >= 0 && depth <= 1);
        // Every line but the first begins with a blank: none can be another field.
        if (field[i] == '\n' && i + 1 < field.size()) HERMETIC_ASSERT(field[i + 1] == '\t');
    }
    HERMETIC_ASSERT(depth == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    if (const auto domain = mail::Domain::parse(input)) {
        HERMETIC_ASSERT(domain->text().size() <= 253 && is_ascii(domain->text()));
        HERMETIC_ASSERT(mail::Domain::parse(domain->text()) == domain);
    }
    for (const AllowUtf8 allow : {AllowUtf8::No, AllowUtf8::Yes}) {
        if (const auto mailbox = mail::parse_mailbox(input, allow)) {
            // A longer form may come back: U-labels become A-labels.
            const auto again = mail::parse_mailbox(mailbox->format(), allow);
            HERMETIC_ASSERT(mailbox->format().size() > 254 || (again && *again == *mailbox));
        } else {
            HERMETIC_ASSERT(!mail::describe(mailbox.error()).empty());
        }
        if (const auto path = mail::parse_path(input, allow)) {
            HERMETIC_ASSERT(path->length <= input.size() && input[path->length - 1] == '>');
        } else {
            HERMETIC_ASSERT(!mail::describe(path.error()).empty());
        }
        if (const auto orcpt = mail::decode_orcpt(input, allow)) {
            HERMETIC_ASSERT(mail::decode_orcpt(mail::encode_orcpt(*orcpt, allow), allow) == orcpt);
        }
    }
    if (const auto text = mail::decode_xtext(input)) {
        HERMETIC_ASSERT(mail::decode_xtext(mail::encode_xtext(*text)) == text);
    }
    check_received(input);
    return 0;
}
