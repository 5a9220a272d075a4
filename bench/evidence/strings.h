// Strings that come again and again, and contents that stand once: by number, in one segment.
#pragma once

#include "evidence/numbered.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace evidence_bench {

class Dictionary {
public:
    explicit Dictionary(Database& database);
    [[nodiscard]] std::uint32_t number_of(std::string_view text);
    [[nodiscard]] std::string text_of(std::uint32_t number) { return texts_->read(number); }
    // Before each commit.
    void flush() { texts_->flush(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::unique_ptr<Numbered> texts_;
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
};

// Certificates and decision inputs, by the hash of their content.
class Contents {
public:
    explicit Contents(Database& database);
    using Find = const std::string& (*)(std::uint64_t);
    [[nodiscard]] std::uint32_t number_of(std::uint64_t hash, Find find);
    // Before each commit.
    void flush() { octets_->flush(); }

private:
    std::unique_ptr<Numbered> octets_;
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
};

}  // namespace evidence_bench
