#include "config/document_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hermetic::config {
namespace {

// Knows of TOML (v1.0.0) only where strings, comments, brackets, dots and lines end.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_{text} {}

    enum class Excess { None, Depth, Values };

    Excess run()
    {
        while (at_ < text_.size() && excess_ == Excess::None) step();
        return excess_;
    }
    [[nodiscard]] unsigned line() const { return line_; }

private:
    void step()
    {
        const char c = text_[at_];
        switch (c) {
        case '"':
        case '\'':
            begins_statement_ = false;
            return skip_string(c);
        case '#':
            at_ = std::min(text_.find('\n', at_), text_.size());
            return;
        case '\n':
            ++line_;
            if (open_.empty()) end_statement();
            break;
        case '[':
            if (begins_statement_) return enter_header();
            [[fallthrough]];
        case '{':
            open();
            break;
        case ']':
        case '}':
            close();
            break;
        case '.':
            ++dots_;
            check_depth();
            break;
        case '=':
            key_levels_ = dots_ + 1;
            dots_ = 0;
            count_value();
            break;
        case ',':
            key_levels_ = 0;
            dots_ = 0;
            count_value();
            break;
        default:
            if (c != ' ' && c != '\t' && c != '\r') begins_statement_ = false;
        }
        ++at_;
    }

    void end_statement()
    {
        begins_statement_ = true;
        in_header_ = false;
        key_levels_ = 0;
        dots_ = 0;
    }

    // "[a.b]" or "[[a.b]]": what follows stands as deep as it has parts.
    void enter_header()
    {
        at_ += at_ + 1 < text_.size() && text_[at_ + 1] == '[' ? 2 : 1;
        begins_statement_ = false;
        in_header_ = true;
        header_levels_ = 1;
        count_value();
    }

    void open()
    {
        begins_statement_ = false;
        open_.push_back(key_levels_ + 1);
        open_levels_ += open_.back();
        key_levels_ = 0;
        dots_ = 0;
        check_depth();
    }

    void close()
    {
        if (in_header_) {
            header_levels_ += dots_;
            dots_ = 0;
            in_header_ = false;
            return;
        }
        key_levels_ = 0;
        dots_ = 0;
        if (open_.empty()) return;
        open_levels_ -= open_.back();
        open_.pop_back();
    }

    void check_depth()
    {
        const std::size_t depth = header_levels_ + open_levels_ + key_levels_ + dots_;
        if (depth > kMaxDepth) excess_ = Excess::Depth;
    }

    void count_value()
    {
        if (++values_ > kMaxValues) excess_ = Excess::Values;
        check_depth();
    }

    void skip_string(char quote)
    {
        const std::string_view rest = text_.substr(at_);
        const bool many_lines = rest.size() > 2 && rest[1] == quote && rest[2] == quote;
        const std::size_t width = many_lines ? 3 : 1;
        at_ += width;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == quote && (!many_lines || text_.substr(at_, 3) == std::string(3, quote))) {
                at_ += width;
                // Up to two quotes of the text itself may stand before the closing three.
                for (int i = 0; many_lines && i < 2 && at_ < text_.size(); ++i)
                    if (text_[at_] == quote) ++at_;
                return;
            }
            if (c == '\n') {
                if (!many_lines) return;  // a fault, which the parser finds
                ++line_;
            }
            at_ += c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n'
                       ? 2
                       : 1;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
    Excess excess_ = Excess::None;
    bool begins_statement_ = true;
    bool in_header_ = false;
    std::size_t header_levels_ = 0;
    std::size_t key_levels_ = 0;     // of the key whose value is read
    std::size_t dots_ = 0;           // since the last sign that ends a key
    std::vector<std::size_t> open_;  // lists and inline tables, each with its key's levels
    std::size_t open_levels_ = 0;    // their sum
    std::size_t values_ = 0;
};

}  // namespace

Diagnostic too_large(const std::string& file)
{
    return {file, 0, "", "it is larger than 16 MiB", "a smaller file"};
}

std::optional<Diagnostic> find_excess(std::string_view text, const std::string& file)
{
    if (text.size() > kMaxDocumentOctets) return too_large(file);
    Scanner scanner{text};
    switch (scanner.run()) {
    case Scanner::Excess::None:
        break;
    case Scanner::Excess::Depth:
        return Diagnostic{
            file, scanner.line(), "",
            fmt::format("keys, lists and tables nest deeper than {} levels", kMaxDepth),
            "the keys of the reference, none of which is nested so deeply"};
    case Scanner::Excess::Values:
        return Diagnostic{file, scanner.line(), "",
                          fmt::format("it has more than {} keys and elements", kMaxValues),
                          "a smaller file"};
    }
    return std::nullopt;
}

}  // namespace hermetic::config
