#include "smtp/client_seven_bit.h"

#include "core/text.h"
#include "mail/header_scan.h"

#include <algorithm>

namespace hermetic::smtp {
namespace {

constexpr int kMaxDepth = 10;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 §5.1.1
constexpr std::size_t kMaxLine = 76;      // RFC 2045 §6.7
constexpr char kHex[] = "0123456789ABCDEF";

// Up to and with the next CRLF, or to the end.
std::string_view take_line(std::string_view& text)
{
    const auto end = text.find("\r\n");
    const auto length = end == std::string_view::npos ? text.size() : end + 2;
    const auto line = text.substr(0, length);
    text.remove_prefix(length);
    return line;
}

bool is_empty_line(std::string_view line)
{
    return line == "\r\n";
}

// An entity: its header up to the empty line, and the body behind that.
struct Entity {
    std::string_view header;
    std::string_view separator;  // the empty line; empty where the entity ends with its header
    std::string_view body;
};

Entity split_entity(std::string_view text)
{
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto at = static_cast<std::size_t>(rest.data() - text.data());
        const auto line = take_line(rest);
        if (is_empty_line(line)) return {text.substr(0, at), line, rest};
    }
    return {text, {}, {}};
}

// The next field with its continuation lines.
std::string_view take_field(std::string_view& header)
{
    const auto start = header;
    take_line(header);
    while (!header.empty() && (header[0] == ' ' || header[0] == '\t')) take_line(header);
    return start.substr(0, start.size() - header.size());
}

bool is_field(std::string_view field, std::string_view name)
{
    const auto colon = field.find(':');
    return colon != std::string_view::npos && iequals(trim(field.substr(0, colon)), name);
}

std::string unfolded_value(std::string_view field)
{
    std::string value;
    for (const char c : field.substr(field.find(':') + 1)) {
        if (c != '\r' && c != '\n') value += c;
    }
    return std::string{trim(value)};
}

struct MimeFields {
    bool clear = true;  // false: a field is there twice, or cannot be read
    bool has_type = false;
    bool has_version = false;
    std::string type = "text/plain";  // lower case
    std::string boundary;
    std::string encoding;  // lower case; empty where not given
};

// One parameter behind a ';', its value unquoted. False where it cannot be read.
bool take_parameter(std::string_view& text, std::string& name, std::string& value)
{
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    name = to_lower(trim(text.substr(0, equals)));
    text = trim(text.substr(equals + 1));
    value.clear();
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find_first_of("; \t"), text.size());
        value = text.substr(0, end);
        text = trim(text.substr(end));
        return !value.empty();
    }
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) return false;
        value += text[at];
    }
    if (at >= text.size()) return false;
    text = trim(text.substr(at + 1));
    return true;
}

void read_content_type(std::string_view value, MimeFields& into)
{
    // Comments are legal and nobody writes them: not clear enough.
    if (value.find('(') != std::string_view::npos && value.find('"') == std::string_view::npos) {
        into.clear = false;
        return;
    }
    const auto end = std::min(value.find(';'), value.size());
    into.type = to_lower(trim(value.substr(0, end)));
    std::string_view rest = value.substr(end);
    std::string name;
    std::string parameter;
    while (rest.starts_with(';')) {
        rest = trim(rest.substr(1));
        if (rest.empty()) return;
        if (!take_parameter(rest, name, parameter)) break;
        if (name == "boundary") into.boundary = parameter;
    }
    if (!rest.empty()) into.clear = false;
}

MimeFields read_mime_fields(std::string_view header)
{
    MimeFields fields;
    bool has_encoding = false;
    while (!header.empty()) {
        const auto field = take_field(header);
        if (is_field(field, "Content-Type")) {
            if (fields.has_type) fields.clear = false;
            fields.has_type = true;
            read_content_type(unfolded_value(field), fields);
        } else if (is_field(field, "Content-Transfer-Encoding")) {
            if (has_encoding) fields.clear = false;
            has_encoding = true;
            fields.encoding = to_lower(unfolded_value(field));
        } else if (is_field(field, "MIME-Version")) {
            fields.has_version = true;
        }
    }
    return fields;
}

class Converter {
public:
    // False: not safely.
    bool message(std::string_view text);
    std::string out;

private:
    enum class Level : std::uint8_t { Message, Part };

    bool entity(std::string_view text, Level level, int depth);
    bool leaf(const Entity& entity, const MimeFields& fields, Level level);
    bool multipart(const Entity& entity, const MimeFields& fields, int depth);
    void copy_header(std::string_view header, std::string_view encoding);
};

bool Converter::message(std::string_view text)
{
    out.reserve(text.size() + text.size() / 4);
    if (!entity(text, Level::Message, 0)) return false;
    // Header fields of parts, preambles: nothing may be left, whatever was overlooked.
    return !mail::has_8bit(split_entity(out).body);
}

bool Converter::entity(std::string_view text, Level level, int depth)
{
    const auto parts = split_entity(text);
    if (!mail::has_8bit(parts.body)) {
        out += text;
        return true;
    }
    const auto fields = read_mime_fields(parts.header);
    if (!fields.clear || depth == kMaxDepth) return false;
    const bool plain =
        fields.encoding.empty() || fields.encoding == "7bit" || fields.encoding == "8bit";
    if (!plain) return false;  // binary has no lines; the others cannot have such octets
    // A digest's parts are messages by default (RFC 2046 §5.1.5): not worth a case of its own.
    for (const auto* untouched : {"multipart/signed", "multipart/encrypted", "multipart/digest"}) {
        if (fields.type == untouched) return false;
    }
    if (fields.type.starts_with("multipart/")) return multipart(parts, fields, depth);
    if (fields.type == "message/rfc822") {
        copy_header(parts.header, "7bit");
        out += parts.separator;
        return entity(parts.body, Level::Message, depth + 1);
    }
    if (fields.type.starts_with("message/")) return false;  // RFC 2046 §5.2: no encoding is allowed
    return leaf(parts, fields, level);
}

bool Converter::leaf(const Entity& entity, const MimeFields& fields, Level level)
{
    // RFC 1428: text from before MIME gets the fields that say what little is known of it.
    if (level == Level::Message && !fields.has_version) {
        out += "MIME-Version: 1.0\r\n";
        if (!fields.has_type) out += "Content-Type: text/plain; charset=unknown-8bit\r\n";
    }
    copy_header(entity.header, "quoted-printable");
    out += entity.separator;
    append_quoted_printable(entity.body, out);
    return true;
}

// Without its own Content-Transfer-Encoding, with this one.
void Converter::copy_header(std::string_view header, std::string_view encoding)
{
    while (!header.empty()) {
        const auto field = take_field(header);
        if (!is_field(field, "Content-Transfer-Encoding")) out += field;
    }
    out += "Content-Transfer-Encoding: ";
    out += encoding;
    out += "\r\n";
}

enum class Delimiter : std::uint8_t { None, Next, Last };

// RFC 2046 §5.1.1: "--boundary", blanks, CRLF; "--boundary--" is the last.
Delimiter delimiter_of(std::string_view line, std::string_view boundary)
{
    if (!line.starts_with("--") || line.substr(2, boundary.size()) != boundary) {
        return Delimiter::None;
    }
    auto rest = line.substr(2 + boundary.size());
    if (rest.ends_with("\r\n")) rest.remove_suffix(2);
    const bool last = rest.starts_with("--");
    if (last) rest.remove_prefix(2);
    if (!trim(rest).empty()) return Delimiter::None;
    return last ? Delimiter::Last : Delimiter::Next;
}

bool Converter::multipart(const Entity& entity, const MimeFields& fields, int depth)
{
    if (fields.boundary.empty() || fields.boundary.size() > kMaxBoundary) return false;
    copy_header(entity.header, "7bit");
    out += entity.separator;
    std::string_view rest = entity.body;
    std::string_view part;  // what has gathered since the last delimiter
    bool in_part = false;
    while (!rest.empty()) {
        const auto* const start = rest.data();
        const auto line = take_line(rest);
        const auto delimiter = delimiter_of(line, fields.boundary);
        if (delimiter == Delimiter::None) {
            part = {part.empty() ? start : part.data(), part.size() + line.size()};
            continue;
        }
        // The CRLF before a delimiter belongs to it.
        const bool has_break = part.ends_with("\r\n");
        if (has_break) part.remove_suffix(2);
        if (in_part) {
            if (!this->entity(part, Level::Part, depth + 1)) return false;
        } else {
            out += part;
        }
        if (has_break) out += "\r\n";
        out += line;
        part = {};
        in_part = true;
        if (delimiter == Delimiter::Last) {
            out += rest;  // the epilogue
            return true;
        }
    }
    // A last delimiter that is missing: the end of the message ends the part.
    if (!in_part) return false;
    return this->entity(part, Level::Part, depth + 1);
}

// How many characters an octet takes; `last` is the last of its line.
bool is_literal(unsigned char octet, bool last)
{
    if (octet == ' ' || octet == '\t') return !last;
    return octet > 32 && octet < 127 && octet != '=';
}

}  // namespace

void append_quoted_printable(std::string_view octets, std::string& out)
{
    std::size_t column = 0;
    for (std::size_t at = 0; at < octets.size(); ++at) {
        if (octets.substr(at, 2) == "\r\n") {
            out += "\r\n";
            column = 0;
            ++at;
            continue;
        }
        const auto octet = static_cast<unsigned char>(octets[at]);
        const bool last = at + 1 == octets.size() || octets.substr(at + 1, 2) == "\r\n";
        const bool literal = is_literal(octet, last);
        const std::size_t width = literal ? 1 : 3;
        // A soft break needs a column of its own, unless the line ends here anyhow.
        if (column + width > (last ? kMaxLine : kMaxLine - 1)) {
            out += "=\r\n";
            column = 0;
        }
        if (literal) {
            out += octets[at];
        } else {
            out += '=';
            out += kHex[octet >> 4];
            out += kHex[octet & 15];
        }
        column += width;
    }
}

std::optional<std::string> to_seven_bit(std::string_view message)
{
    Converter converter;
    if (!converter.message(message)) return std::nullopt;
    return std::move(converter.out);
}

}  // namespace hermetic::smtp
