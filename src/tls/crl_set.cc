#include "tls/crl_set.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/evidence.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::tls {
namespace {

constexpr std::size_t kMaxFiles = 1000;
constexpr std::size_t kMaxOctets = std::size_t{64} << 20U;

using CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;

bool is_crl_name(std::string_view name)
{
    return !name.starts_with('.') &&
           (name.ends_with(".pem") || name.ends_with(".crl") || name.ends_with(".der"));
}

Result<std::vector<std::string>, ConfigError> list(const std::string& folder)
{
    std::error_code error;
    std::vector<std::string> files;
    for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (is_crl_name(name)) files.push_back(fmt::format("{}/{}", folder, name));
    }
    // Also half way: what is not listed would count as taken away.
    if (error) {
        return failure(ConfigError{fmt::format("{}: {}", folder, error.message()),
                                   "a folder that the server may read"});
    }
    std::sort(files.begin(), files.end());
    return files;
}

// PEM, one or several; else DER. True: at least one was there, and nothing else was.
bool parse_crls(const std::string& text, STACK_OF(X509_CRL) * into)
{
    const BioPointer in = memory_bio(text);
    int found = 0;
    while (X509_CRL* crl = PEM_read_bio_X509_CRL(in.get(), nullptr, &no_password, nullptr)) {
        HERMETIC_ASSERT(sk_X509_CRL_push(into, crl) > 0);
        ++found;
    }
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (found > 0) return ended;
    const BioPointer again = memory_bio(text);
    CrlPointer crl{d2i_X509_CRL_bio(again.get(), nullptr)};
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

CrlStack new_stack()
{
    CrlStack stack{sk_X509_CRL_new_null()};
    HERMETIC_ASSERT(stack != nullptr);
    return stack;
}

// Shared with where they were.
void add(STACK_OF(X509_CRL) * crls, STACK_OF(X509_CRL) * into)
{
    for (int i = 0; i < sk_X509_CRL_num(crls); ++i) {
        X509_CRL* each = sk_X509_CRL_value(crls, i);
        X509_CRL_up_ref(each);
        HERMETIC_ASSERT(sk_X509_CRL_push(into, each) > 0);
    }
}

using FileCrls = Result<CrlStack, ConfigError>;

FileCrls read_crls(const std::string& file)
{
    const auto text = read_file(file, kMaxOctets);
    if (!text) return failure(config_error(file, text.error()));
    CrlStack crls = new_stack();
    ERR_clear_error();
    const bool parsed = parse_crls(text->octets, crls.get());
    const std::string words = parsed ? std::string{} : take_error_words();
    ERR_clear_error();
    if (parsed) return crls;
    return failure(ConfigError{fmt::format("{}: {}", file, words),
                               "only CRLs, as PEM (BEGIN X509 CRL) or DER"});
}

FileCrls one_too_many(const std::string& file)
{
    return failure(ConfigError{file + ": too many files in its folder", "at most 1000 files"});
}

// Since its folder was listed. A link that leads nowhere is not gone: somebody meant a file.
bool is_gone(const std::string& file)
{
    std::error_code ignored;
    return std::filesystem::symlink_status(file, ignored).type() ==
           std::filesystem::file_type::not_found;
}

bool is_directory(const std::string& path)
{
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

ConfigError with(ConfigError error, std::string_view consequence)
{
    error.what += "; ";
    error.what += consequence;
    return error;
}

constexpr std::string_view kAllUnknown =
    "until it can be read no certificate is verified, and mail that requires that waits";
constexpr std::string_view kAllBefore =
    "the CRLs that were read before stay in force until it can be";
constexpr std::string_view kFileBefore =
    "its last valid content stays in force, and newer CRLs in the folder are used";
constexpr std::string_view kFileUnknown =
    "it is ignored, and the other CRLs in the folder are used";

}  // namespace

CrlSet::CrlSet(std::string folder, Files files)
    : folder_{std::move(folder)}, files_{std::move(files)}, crls_{new_stack()}
{
    for (const auto& [file, crls] : files_) add(crls.get(), crls_.get());
    digest_ = digest_of(crls_.get());
}

STACK_OF(X509_CRL) * CrlSet::of(const std::string& file) const
{
    const auto found = files_.find(file);
    return found == files_.end() ? nullptr : found->second.get();
}

LoadedCrls load_crls(const std::string& folder, const std::shared_ptr<const CrlSet>& before)
{
    // Of another folder, or none: nothing is known of this one.
    const CrlSet* known = before != nullptr && before->folder() == folder ? before.get() : nullptr;
    const auto while_unknown = before != nullptr ? kAllBefore : kAllUnknown;
    LoadedCrls loaded{before, {}, {}};
    const auto names = list(folder);
    if (!names) {
        loaded.faults.push_back(with(names.error(), while_unknown));
        if (known == nullptr) return loaded;
        for (const auto& [file, crls] : known->files()) loaded.files.push_back(file);
        return loaded;
    }
    CrlSet::Files files;
    for (std::size_t i = 0; i < names->size(); ++i) {
        const std::string& file = (*names)[i];
        STACK_OF(X509_CRL)* const said = known != nullptr ? known->of(file) : nullptr;
        if (is_gone(file) || (said == nullptr && is_directory(file))) continue;
        loaded.files.push_back(file);
        auto crls = i < kMaxFiles ? read_crls(file) : one_too_many(file);
        if (crls) {
            files.emplace(file, *std::move(crls));
            continue;
        }
        if (said != nullptr) add(said, files.emplace(file, new_stack()).first->second.get());
        const auto meanwhile = said != nullptr ? kFileBefore : kFileUnknown;
        // Of those that are too many one is named.
        if (i <= kMaxFiles)
            loaded.faults.push_back(
                with(crls.error(), known != nullptr ? meanwhile : while_unknown));
    }
    if (known != nullptr || loaded.faults.empty())
        loaded.crls = std::make_shared<const CrlSet>(folder, std::move(files));
    return loaded;
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
