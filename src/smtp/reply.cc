#include "smtp/reply.h"

#include "core/text.h"

namespace hermetic::smtp {
namespace {

constexpr std::size_t kMaxLine = 510;  // CRLF not counted
constexpr std::size_t kMaxSubject = 300;

struct Prefix {
    int code;
    std::string enhanced;  // with the space after it, or empty

    [[nodiscard]] std::size_t room() const { return kMaxLine - 4 - enhanced.size(); }
};

void append_line(std::string& out, const Prefix& prefix, char separator, std::string_view text)
{
    out += std::to_string(prefix.code);
    out += separator;
    out += prefix.enhanced;
    out += text;
    out += "\r\n";
}

// Where to break `text` so that its first part fits: at a space if there is one.
std::size_t break_at(std::string_view text, std::size_t room)
{
    const auto space = text.rfind(' ', room);
    return space == std::string_view::npos || space == 0 ? room : space;
}

// `tail` stays in one piece, at the end.
void append_wrapped(std::string& out, const Prefix& prefix, std::string_view text,
                    std::string_view tail)
{
    const std::size_t room = prefix.room();
    while (text.size() > room) {
        const std::size_t end = break_at(text, room);
        append_line(out, prefix, '-', text.substr(0, end));
        text.remove_prefix(end);
        if (text.starts_with(' ')) text.remove_prefix(1);
    }
    if (tail.empty()) return append_line(out, prefix, ' ', text);
    if (text.size() + 1 + tail.size() > room) {
        append_line(out, prefix, '-', text);
        return append_line(out, prefix, ' ', tail.substr(0, room));
    }
    std::string last{text};
    last += ' ';
    last += tail;
    append_line(out, prefix, ' ', last);
}

Prefix make_prefix(int code, const facts::EnhancedStatus& enhanced)
{
    return {code, enhanced.status_class == 0 ? std::string{} : enhanced.format() + " "};
}

}  // namespace

void append_reply(std::string& out, int code, const facts::EnhancedStatus& enhanced,
                  std::string_view text)
{
    append_wrapped(out, make_prefix(code, enhanced), text, {});
}

std::string format_refusal(const RefusalKind& kind, std::string_view subject)
{
    std::string text;
    if (!subject.empty()) text = printable_ascii(subject, kMaxSubject) + ": ";
    return text += kind.text;
}

void append_refusal(std::string& out, const RefusalKind& kind, std::string_view subject,
                    const RefusalMark& mark)
{
    const std::string tail = "[" + std::string{mark.hostname} + " " + format_rfc3339(mark.time) +
                             " " + format_id(mark.session) + "]";
    append_wrapped(out, make_prefix(kind.code, kind.enhanced), format_refusal(kind, subject), tail);
}

}  // namespace hermetic::smtp
