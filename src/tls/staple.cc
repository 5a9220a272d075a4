#include "tls/staple.h"

#include "core/assert.h"

#include <memory>
#include <string>

namespace hermetic::tls {
namespace {

constexpr std::size_t kMaxKept = 16 * 1024;

void forget(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*)
{
    delete static_cast<std::string*>(kept);
}

// A ticket of TLS 1.3 makes a session from the one before it.
int copy(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** kept, int, long, void*)
{
    if (*kept != nullptr) *kept = new std::string{*static_cast<const std::string*>(*kept)};
    return 1;
}

int kept_index()
{
    static const int index =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_SESSION, 0, nullptr, nullptr, &copy, &forget);
    HERMETIC_ASSERT(index >= 0);
    return index;
}

}  // namespace

// (SSL_set_tlsext_status_type, without its C cast.)
void ask_for_staple(SSL* ssl)
{
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
}

std::string_view staple_of(SSL* ssl)
{
    const char* octets = nullptr;
    const long length = SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &octets);
    if (octets != nullptr && length > 0) return {octets, static_cast<std::size_t>(length)};
    const SSL_SESSION* session = SSL_get_session(ssl);
    if (session == nullptr || SSL_session_reused(ssl) != 1) return {};
    const void* kept = SSL_SESSION_get_ex_data(session, kept_index());
    if (kept == nullptr) return {};
    return *static_cast<const std::string*>(kept);
}

void keep_staple(SSL* ssl, SSL_SESSION* session)
{
    const auto staple = staple_of(ssl);
    if (staple.empty() || staple.size() > kMaxKept) return;
    if (SSL_SESSION_get_ex_data(session, kept_index()) != nullptr) return;
    auto kept = std::make_unique<std::string>(staple);
    if (SSL_SESSION_set_ex_data(session, kept_index(), kept.get()) == 1)
        static_cast<void>(kept.release());
}

}  // namespace hermetic::tls
