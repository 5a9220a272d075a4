#include "evidence/rows.h"

#include "evidence/octets.h"

#include <zstd.h>

namespace evidence_bench {
namespace {

constexpr std::size_t kPage = 64;  // records
constexpr int kLevel = 1;

class PlainRows final : public Rows {
public:
    explicit PlainRows(Database& database)
        : insert_{database, "INSERT INTO message(row, record) VALUES(?, ?)"},
          select_{database, "SELECT record FROM message WHERE row = ?"}
    {
    }

    void add(std::uint64_t row, std::string record) override
    {
        insert_.number(static_cast<std::int64_t>(row)).octets(record).execute();
    }
    void flush() override {}
    void seal() override {}
    std::string read(std::uint64_t row) override
    {
        std::string record;
        if (select_.number(static_cast<std::int64_t>(row)).next()) record = select_.octets_at(0);
        select_.reset();
        return record;
    }

private:
    Statement insert_;
    Statement select_;
};

// A page is named by its first row. The last one is written anew at each commit until it is full.
class PackedRows final : public Rows {
public:
    explicit PackedRows(Database& database)
        : put_{database, "INSERT OR REPLACE INTO message(row, record) VALUES(?, ?)"},
          select_{database,
                  "SELECT row, record FROM message WHERE row <= ? ORDER BY row DESC LIMIT 1"},
          compressor_{ZSTD_createCCtx()}
    {
    }

    void add(std::uint64_t row, std::string record) override
    {
        if (count_ == 0) first_ = row;
        put_text(page_, record);
        if (++count_ == kPage) {
            flush();
            page_.clear();
            count_ = 0;
        }
    }

    void flush() override
    {
        if (count_ == 0) return;
        packed_.resize(ZSTD_compressBound(page_.size()));
        packed_.resize(ZSTD_compressCCtx(compressor_.get(), packed_.data(), packed_.size(),
                                         page_.data(), page_.size(), kLevel));
        put_.number(static_cast<std::int64_t>(first_)).octets(packed_).execute();
    }
    void seal() override { flush(); }

    std::string read(std::uint64_t row) override
    {
        std::string record;
        if (select_.number(static_cast<std::int64_t>(row)).next()) {
            const std::string_view packed = select_.octets_at(1);
            std::string page(ZSTD_getFrameContentSize(packed.data(), packed.size()), '\0');
            ZSTD_decompress(page.data(), page.size(), packed.data(), packed.size());
            std::string_view rest = page;
            for (auto at = static_cast<std::uint64_t>(select_.number_at(0)); at < row; ++at)
                rest.remove_prefix(take_number(rest));
            record = rest.substr(0, take_number(rest));
        }
        select_.reset();
        return record;
    }

private:
    struct Free {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    Statement put_;
    Statement select_;
    std::unique_ptr<ZSTD_CCtx, Free> compressor_;
    std::string page_;
    std::string packed_;
    std::uint64_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<Rows> make_plain_rows(Database& database)
{
    return std::make_unique<PlainRows>(database);
}

std::unique_ptr<Rows> make_packed_rows(Database& database)
{
    return std::make_unique<PackedRows>(database);
}

}  // namespace evidence_bench
