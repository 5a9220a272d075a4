#include "tls/crl_set.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/evidence.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>

namespace hermetic::tls {
namespace {

constexpr std::size_t kMaxFiles = 1000;
constexpr long kMaxOctets = 64L << 20;

using CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;

bool is_crl_name(std::string_view name)
{
    return !name.starts_with('.') &&
           (name.ends_with(".pem") || name.ends_with(".crl") || name.ends_with(".der"));
}

Result<std::vector<std::string>, ConfigError> list(const std::string& folder)
{
    const std::unique_ptr<DIR, int (*)(DIR*)> open{::opendir(folder.c_str()), &::closedir};
    if (open == nullptr) {
        return failure(ConfigError{fmt::format("{}: {}", folder, std::strerror(errno)),
                                   "give a folder that the server may read"});
    }
    std::vector<std::string> files;
    while (const dirent* entry = ::readdir(open.get())) {
        const std::string path = folder + "/" + static_cast<const char*>(entry->d_name);
        struct stat status {};
        if (!is_crl_name(static_cast<const char*>(entry->d_name))) continue;
        if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (files.size() == kMaxFiles || status.st_size > kMaxOctets) {
            return failure(ConfigError{path + ": too large, or one file too many",
                                       "at most 1000 files of 64 MiB"});
        }
        files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
}

// PEM, one or several; else DER. True: at least one was there, and nothing else was.
bool read_crls(const std::string& file, STACK_OF(X509_CRL) * into)
{
    const BioPointer in{BIO_new_file(file.c_str(), "rb")};
    if (in == nullptr) return false;
    int found = 0;
    while (X509_CRL* crl = PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr)) {
        HERMETIC_ASSERT(sk_X509_CRL_push(into, crl) > 0);
        ++found;
    }
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (found > 0) return ended;
    if (BIO_reset(in.get()) != 0) return false;
    CrlPointer crl{d2i_X509_CRL_bio(in.get(), nullptr)};
    if (crl == nullptr) return false;
    HERMETIC_ASSERT(sk_X509_CRL_push(into, crl.release()) > 0);
    return true;
}

std::string digest_of(STACK_OF(X509_CRL) * crls)
{
    std::vector<std::string> each;
    for (int i = 0; i < sk_X509_CRL_num(crls); ++i) {
        unsigned char* der = nullptr;
        const int length = i2d_X509_CRL(sk_X509_CRL_value(crls, i), &der);
        if (length <= 0) continue;
        each.push_back(
            hex_sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)}));
        OPENSSL_free(der);
    }
    std::sort(each.begin(), each.end());
    std::string all;
    for (const auto& one : each) all += one;
    return hex_sha256(all);
}

}  // namespace

CrlSet::CrlSet(CrlStack crls, std::vector<std::string> files)
    : crls_{std::move(crls)}, files_{std::move(files)}, digest_{digest_of(crls_.get())}
{
}

Result<std::shared_ptr<const CrlSet>, ConfigError> load_crls(const std::string& folder)
{
    auto files = list(folder);
    if (!files) return failure(files.error());
    CrlStack crls{sk_X509_CRL_new_null()};
    HERMETIC_ASSERT(crls != nullptr);
    ERR_clear_error();
    for (const std::string& file : *files) {
        const bool read = read_crls(file, crls.get());
        const std::string words = read ? std::string{} : take_error_words();
        ERR_clear_error();
        if (!read) {
            return failure(ConfigError{fmt::format("{}: {}", file, words),
                                       "give CRLs only, as PEM (BEGIN X509 CRL) or DER"});
        }
    }
    return std::make_shared<const CrlSet>(std::move(crls), *std::move(files));
}

const std::vector<std::string>& files_of(const CrlSet& crls)
{
    return crls.files();
}

std::vector<std::string> overdue(const CrlSet& crls, WallTime now)
{
    std::vector<std::string> found;
    for (int i = 0; i < sk_X509_CRL_num(crls.crls()); ++i) {
        const X509_CRL* crl = sk_X509_CRL_value(crls.crls(), i);
        const ASN1_TIME* due = X509_CRL_get0_nextUpdate(crl);
        if (due == nullptr || wall_time(due) >= now) continue;
        found.push_back(fmt::format("CRL of {}, due {}", format_name(X509_CRL_get_issuer(crl)),
                                    format_rfc3339(wall_time(due))));
    }
    return found;
}

}  // namespace hermetic::tls
