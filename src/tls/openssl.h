// Owners for OpenSSL's objects, and its error queue as words. Private to tls/.
#pragma once

#include "core/read_file.h"
#include "tls/context.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace hermetic::tls {

template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const
    {
        Free(object);
    }
};

struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};

using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, FreeWith<X509_free>>;
using X509Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;
using StorePointer = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using StoreContextPointer = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using SslPointer = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SessionPointer = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

// To read from; `text` outlives it. Files are read by core/read_file.h, never by OpenSSL: it waits
// for the writer of a pipe, and reads devices without an end.
[[nodiscard]] BioPointer memory_bio(std::string_view text);
// For OpenSSL's readers of PEM: there is nobody to type a password when a server starts. Without it
// they ask on the terminal.
[[nodiscard]] int no_password(char* buffer, int size, int writing, void* context);
// "/etc/x.pem: it is a named pipe", "a regular file".
[[nodiscard]] ConfigError config_error(const std::string& path, const FileError& error);

// The reason of the last error in the queue, which it empties: "no shared cipher". Printable,
// bounded; "unknown error" where the queue is empty.
[[nodiscard]] std::string take_error_words();

}  // namespace hermetic::tls
