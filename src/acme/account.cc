#include "acme/account.h"

#include "acme/binding.h"
#include "core/read_file.h"
#include "core/text.h"
#include "tls/durable_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace hermetic::acme {
namespace {

constexpr std::size_t kMaxRecord = std::size_t{1} << 20U;

constexpr const char* kBindingMissing =
    "the ACME server takes only accounts that are bound to one of its customers: it gives them a "
    "key id and a key for that, which acme_eab_key_id and acme_eab_hmac_file name";

struct Record {
    std::string directory;
    std::string contact;
    std::string url;
    std::string eab_key_id;  // empty: bound to nobody
};

std::optional<Record> read_record(const std::string& file)
{
    const auto text = read_file(file, kMaxRecord);
    if (!text) return std::nullopt;
    const auto lines = split(text->octets, '\n');
    if (lines.size() < 3 || !lines[2].starts_with("https://")) return std::nullopt;
    return Record{std::string{lines[0]}, std::string{lines[1]}, std::string{lines[2]},
                  lines.size() > 3 ? std::string{lines[3]} : std::string{}};
}

Trouble trouble_of(std::string what)
{
    return {Trouble::Kind::Failed, std::move(what)};
}

class Opening {
public:
    Opening(Server& server, AccountFiles files, AccountWanted wanted)
        : server_{server}, files_{std::move(files)}, wanted_{std::move(wanted)}
    {
    }

    net::Task<Result<tls::SigningKey, Trouble>> open(Keep keep)
    {
        if (is_of_another_customer()) keep = Keep::Nothing;
        auto key = prepare_key(keep);
        if (!key) co_return failure(trouble_of(key.error()));
        const auto record = is_new_key_ ? std::optional<Record>{} : read_record(files_.record);
        if (keep == Keep::All && record && record->directory == wanted_.directory) {
            server_.sign_as(*key, record->url);
            if (record->contact == wanted_.contact) co_return *key;
            auto updated = co_await update_contact(record->url);
            if (updated) co_return *key;
            if (!is_account_lost(updated.error())) co_return failure(updated.error());
        }
        auto made = co_await register_with(*key);
        if (made) co_return *key;
        if (!is_account_lost(made.error()) || keep == Keep::Nothing)
            co_return failure(made.error());
        co_return co_await open(Keep::Nothing);
    }

private:
    [[nodiscard]] bool is_of_another_customer() const
    {
        if (wanted_.eab_key_id.empty()) return false;
        const auto record = read_record(files_.record);
        return record && record->directory == wanted_.directory &&
               record->eab_key_id != wanted_.eab_key_id;
    }

    Result<tls::SigningKey, std::string> prepare_key(Keep keep)
    {
        if (keep != Keep::Nothing) {
            auto kept = tls::SigningKey::load_kept(files_.key);
            if (!kept) return failure(kept.error().what);
            is_new_key_ = false;
            if (*kept) return **std::move(kept);
        }
        is_new_key_ = true;
        return tls::SigningKey::make();
    }

    // The server has accepted it: in place of what was there.
    Result<void, Trouble> keep_key(const tls::SigningKey& key)
    {
        std::error_code ignored;
        std::filesystem::remove(files_.record, ignored);  // of another key
        const auto written = tls::write_durably(files_.key, key.pem(), tls::FileMode::OwnerOnly);
        if (!written) return failure(trouble_of(written.error()));
        return {};
    }

    net::Task<Result<void, Trouble>> register_with(tls::SigningKey key)
    {
        auto request = request_for(key);
        if (!request) co_return failure(request.error());
        server_.sign_as(key, {});
        const auto answer =
            co_await server_.post(server_.directory().new_account, *std::move(request));
        if (!answer) co_return failure(explained(answer.error()));
        const auto status = parse_account(answer->body);
        if (!status) co_return failure(trouble_of(status.error()));
        if (*status != Status::Valid) {
            Trouble closed = trouble_of("the account has been closed");
            closed.type = "unauthorized";
            co_return failure(closed);
        }
        if (is_new_key_) {
            auto kept = keep_key(key);
            if (!kept) co_return kept;
        }
        const std::string url = answer->location;
        server_.sign_as(key, url);
        // 200: the key had one, whose contact may be another.
        constexpr int kExisting = 200;
        if (answer->status == kExisting) co_return co_await update_contact(url);
        co_return record(url);
    }

    // What asks for an account with this key.
    [[nodiscard]] Result<std::string, Trouble> request_for(const tls::SigningKey& key) const
    {
        if (wanted_.eab_key_id.empty()) {
            if (server_.directory().binds_accounts) return failure(trouble_of(kBindingMissing));
            return account_payload(wanted_.contact, {});
        }
        const auto binding = load_binding(wanted_.eab_key_id, wanted_.eab_hmac_file);
        if (!binding)
            return failure(
                trouble_of(binding.error().what + "; expected: " + binding.error().expected));
        return account_payload(wanted_.contact,
                               format_binding(*binding, key, server_.directory().new_account));
    }

    // A refusal, with what of our configuration it is about.
    [[nodiscard]] Trouble explained(Trouble refused) const
    {
        if (!wanted_.eab_key_id.empty()) {
            refused.what += fmt::format(" (acme_eab_key_id is \"{}\")", wanted_.eab_key_id);
        } else if (refused.type == "externalAccountRequired") {
            refused.what = fmt::format("{} ({})", kBindingMissing, refused.what);
        }
        return refused;
    }

    net::Task<Result<void, Trouble>> update_contact(std::string url)
    {
        const auto answer = co_await server_.post(url, contact_payload(wanted_.contact));
        if (!answer) co_return failure(answer.error());
        co_return record(url);
    }

    Result<void, Trouble> record(const std::string& url)
    {
        const auto written =
            tls::write_durably(files_.record,
                               fmt::format("{}\n{}\n{}\n{}\n", wanted_.directory, wanted_.contact,
                                           url, wanted_.eab_key_id),
                               tls::FileMode::OwnerOnly);
        if (!written) return failure(trouble_of(written.error()));
        return {};
    }

    Server& server_;
    AccountFiles files_;
    AccountWanted wanted_;
    bool is_new_key_ = false;  // made here, and not on the disk
};

}  // namespace

bool is_account_lost(const Trouble& trouble)
{
    return trouble.type == "accountDoesNotExist" || trouble.type == "unauthorized";
}

net::Task<Result<tls::SigningKey, Trouble>> open_account(Server& server, AccountFiles files,
                                                         AccountWanted wanted, Keep keep)
{
    Opening opening{server, std::move(files), std::move(wanted)};
    co_return co_await opening.open(keep);
}

}  // namespace hermetic::acme
