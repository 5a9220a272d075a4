// Writing and reading the primitive fields of the spool's records. Pure.
//
// Grammar: docs/formats/spool.md. Numbers of fixed width are little-endian; a text is its length as
// a varint (base 128, low groups first), then its octets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::spool {

// Appends to a string that the caller owns.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) : out_{out} {}

    void octet(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void fixed16(std::uint16_t value) { fixed<2>(value); }
    void fixed64(std::uint64_t value) { fixed<8>(value); }
    void raw(std::string_view octets) { out_.append(octets); }

    void varint(std::uint64_t value)
    {
        while (value >= 0x80) {
            octet(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        octet(static_cast<std::uint8_t>(value));
    }

    void text(std::string_view value)
    {
        varint(value.size());
        raw(value);
    }

private:
    template <std::size_t kOctets>
    void fixed(std::uint64_t value)
    {
        std::array<char, kOctets> octets{};
        for (std::size_t i = 0; i < kOctets; ++i) octets[i] = static_cast<char>(value >> (8 * i));
        out_.append(octets.data(), octets.size());
    }

    std::string& out_;
};

// Reads what may be damaged or hostile: after the first field that is not there, ok() is false and
// every further field is zero or empty. Views live as long as the input.
class ByteReader {
public:
    explicit ByteReader(std::string_view input) : rest_{input} {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
    void fail()
    {
        ok_ = false;
        rest_ = {};
    }

    std::string_view raw(std::uint64_t length)
    {
        if (length > rest_.size()) {
            fail();
            return {};
        }
        const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(length));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    std::uint8_t octet()
    {
        const std::string_view taken = raw(1);
        return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
    }
    std::uint16_t fixed16() { return static_cast<std::uint16_t>(fixed(2)); }
    std::uint64_t fixed64() { return fixed(8); }

    std::uint64_t varint()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = octet();
            if (shift == 63 && next > 1) break;  // more than 64 bits
            value |= std::uint64_t{next & 0x7fU} << shift;
            if ((next & 0x80) == 0) return ok_ ? value : 0;
        }
        fail();
        return 0;
    }

    std::string text() { return std::string{raw(varint())}; }

private:
    std::uint64_t fixed(std::size_t octets)
    {
        const std::string_view taken = raw(octets);
        std::uint64_t value = 0;
        for (std::size_t i = taken.size(); i > 0; --i) {
            value = value << 8 | static_cast<std::uint8_t>(taken[i - 1]);
        }
        return value;
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace hermetic::spool
