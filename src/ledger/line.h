// One log line under construction: a JSON object, or key=value words for people.
//
// Pure. Strings are printable and bounded here, whatever comes, so that no foreign text can break a
// line. What was made printable when it came in is escaped once (core/quote.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::ledger {

enum class LineFormat : std::uint8_t { Json, Text };

class Line {
public:
    explicit Line(LineFormat format) : format_{format}
    {
        text_.reserve(1000);  // nearly every line
        if (format == LineFormat::Json) text_ += '{';
    }

    void text(std::string_view key, std::string_view value, std::size_t max = 500);
    // As somebody else said it: nothing in it is escaped yet.
    void foreign(std::string_view key, std::string_view value, std::size_t max = 500);
    void number(std::string_view key, std::int64_t value);
    void flag(std::string_view key, bool value);
    void null(std::string_view key);

    // Nested values: in text form their keys are joined by dots.
    void begin_object(std::string_view key);
    void end_object();
    void begin_list(std::string_view key);
    void begin_element();  // an object in the list
    void end_element();
    void element(std::string_view value, std::size_t max = 200);  // a string in the list
    void end_list();

    // The finished line, without its newline.
    [[nodiscard]] std::string finish();

private:
    enum class Escaped : std::uint8_t { No, Yes };
    void start(std::string_view key);
    void add_plain_member(std::string_view key, std::string_view value);
    void quoted(std::string_view value, std::size_t max, Escaped escaped);

    LineFormat format_;
    std::string text_;
    std::string prefix_;  // of keys, in text form
    bool first_ = true;
    std::vector<std::uint32_t> elements_;  // counted so far in each open list, in text form
};

}  // namespace hermetic::ledger
