#include "lab/message_reader.h"

#include "core/assert.h"
#include "core/text.h"

#include <openssl/evp.h>

#include <algorithm>

namespace hermetic::lab {

struct MessageSink::Digest {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    Digest() { HERMETIC_ASSERT(context && EVP_DigestInit_ex(context, EVP_sha256(), nullptr)); }
    ~Digest() { EVP_MD_CTX_free(context); }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
};

MessageSink::MessageSink(std::size_t keep_at_most)
    : digest_{std::make_unique<Digest>()}, keep_at_most_{keep_at_most}
{
}

MessageSink::~MessageSink() = default;

void MessageSink::append(std::string_view octets)
{
    EVP_DigestUpdate(digest_->context, octets.data(), octets.size());
    inspect(octets);
    const bool all_kept = is_kept();
    size_ += octets.size();
    if (all_kept && size_ <= keep_at_most_) {
        kept_ += octets;
    } else {
        kept_.clear();  // half a body would be mistaken for one
    }
}

std::string MessageSink::sha256_hex()
{
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(digest_->context, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return to_hex(digest);
}

void MessageSink::inspect(std::string_view octets)
{
    for (const char octet : octets) {
        if (static_cast<unsigned char>(octet) > 127) has_8bit_ = true;
        if (after_cr_ != (octet == '\n')) has_bare_newline_ = true;
        const bool ended = after_cr_ && octet == '\n';
        after_cr_ = octet == '\r';
        line_ = ended ? 0 : line_ + 1;
        if (line_ > 999) has_long_line_ = true;  // 998 and the CR
    }
}

std::size_t DotReader::feed(std::string_view octets)
{
    std::size_t used = 0;
    for (const char octet : octets) {
        if (state_ == State::Done) break;
        ++used;
        put(octet);
    }
    sink_.append(pending_);
    pending_.clear();
    return used;
}

void DotReader::put(char octet)
{
    switch (state_) {
    case State::LineStart:
        if (octet == '.') {
            state_ = State::AfterDot;
            return;
        }
        break;
    case State::AfterCr:
        if (octet == '\n') {
            pending_ += octet;
            state_ = State::LineStart;
            return;
        }
        break;
    case State::AfterDot:  // this dot is not part of the message, whatever follows
        if (octet == '\r') {
            state_ = State::AfterDotCr;
            return;
        }
        break;
    case State::AfterDotCr:
        if (octet == '\n') {
            state_ = State::Done;
            return;
        }
        pending_ += '\r';
        break;
    case State::Text:
    case State::Done:
        break;
    }
    pending_ += octet;
    state_ = octet == '\r' ? State::AfterCr : State::Text;
}

}  // namespace hermetic::lab
