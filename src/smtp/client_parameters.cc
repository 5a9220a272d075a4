#include "smtp/client_parameters.h"

#include "mail/xtext.h"

#include <string_view>

namespace hermetic::smtp {

void append_recipient_dsn(const mail::Recipient& recipient, std::string& out)
{
    struct Word {
        mail::Notify bit;
        std::string_view word;
    };
    constexpr Word kWords[] = {{mail::kNotifySuccess, "SUCCESS"},
                               {mail::kNotifyFailure, "FAILURE"},
                               {mail::kNotifyDelay, "DELAY"}};
    if ((recipient.notify & mail::kNotifyNever) != 0) {
        out += " NOTIFY=NEVER";
    } else if (recipient.notify != mail::kNotifyUnset) {
        std::string_view separator = " NOTIFY=";
        for (const auto& [bit, word] : kWords) {
            if ((recipient.notify & bit) == 0) continue;
            out += separator;
            out += word;
            separator = ",";
        }
    }
    if (!recipient.orcpt.empty()) {
        out += " ORCPT=";
        out += mail::encode_orcpt(recipient.orcpt, mail::AllowUtf8::No);
    }
}

void append_sender_dsn(const mail::Envelope& envelope, std::string& out)
{
    if (envelope.ret == mail::Ret::Full) out += " RET=FULL";
    if (envelope.ret == mail::Ret::Headers) out += " RET=HDRS";
    if (!envelope.envid.empty()) {
        out += " ENVID=";
        out += mail::encode_xtext(envelope.envid);
    }
}

}  // namespace hermetic::smtp
