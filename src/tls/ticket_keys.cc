#include "tls/ticket_keys.h"

#include "core/assert.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>

namespace hermetic::tls {

namespace {

TicketKeys::Key make_key()
{
    TicketKeys::Key key;
    HERMETIC_ASSERT(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1);
    HERMETIC_ASSERT(RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1);
    HERMETIC_ASSERT(RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1);
    return key;
}

// The digest's cipher is fetched once: a fetch by name takes a lock at every handshake.
const EVP_CIPHER* ticket_cipher()
{
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    return cipher;
}

bool set_mac_key(EVP_MAC_CTX* mac, TicketKeys::Key& key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys(Instant now) : current_{make_key()}, made_{now}
{
}

TicketKeys::~TicketKeys()
{
    OPENSSL_cleanse(&current_, sizeof current_);
    if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
}

void TicketKeys::renew(Instant now)
{
    if (now - made_ < kPeriod) return;
    // After a long quiet time the current key is too old to open anything, too.
    if (now - made_ < 2 * kPeriod) {
        previous_ = current_;
    } else {
        previous_.reset();
    }
    current_ = make_key();
    made_ = now;
}

TicketKeys::Key TicketKeys::current(Instant now)
{
    const std::lock_guard lock{mutex_};
    renew(now);
    return current_;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name, Instant now)
{
    const std::lock_guard lock{mutex_};
    renew(now);
    if (std::memcmp(name, current_.name.data(), current_.name.size()) == 0) {
        return Found{current_, Age::Current};
    }
    if (previous_ && std::memcmp(name, previous_->name.data(), previous_->name.size()) == 0) {
        return Found{*previous_, Age::Previous};
    }
    return std::nullopt;
}

int use_ticket_key(TicketKeys& keys, Instant now, unsigned char* name, unsigned char* iv,
                   EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing)
{
    if (sealing != 0) {
        TicketKeys::Key key = keys.current(now);
        std::memcpy(name, key.name.data(), key.name.size());
        const int iv_length = EVP_CIPHER_get_iv_length(ticket_cipher());
        if (RAND_bytes(iv, iv_length) != 1 ||
            EVP_EncryptInit_ex2(cipher, ticket_cipher(), key.cipher.data(), iv, nullptr) != 1 ||
            !set_mac_key(mac, key)) {
            return -1;
        }
        OPENSSL_cleanse(&key, sizeof key);
        return kOpened;
    }
    std::optional<TicketKeys::Found> found = keys.find(name, now);
    if (!found) return kUnknown;  // a full handshake follows
    if (EVP_DecryptInit_ex2(cipher, ticket_cipher(), found->key.cipher.data(), iv, nullptr) != 1 ||
        !set_mac_key(mac, found->key)) {
        return -1;
    }
    OPENSSL_cleanse(&found->key, sizeof found->key);
    return found->age == TicketKeys::Age::Current ? kOpened : kOpenedRenew;
}

}  // namespace hermetic::tls
