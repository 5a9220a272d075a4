#include "evidence/rows.h"

#include "evidence/octets.h"

#include <zstd.h>

namespace evidence_bench {
namespace {

constexpr int kLevel = 1;

class PlainRows final : public Rows {
public:
    explicit PlainRows(Database& database)
        : insert_{database, "INSERT INTO page(first, rows) VALUES(?, ?)"},
          select_{database, "SELECT rows FROM page WHERE first = ?"}
    {
    }

    void add(std::string record) override { insert_.number(next_++).octets(record).execute(); }
    void flush() override {}
    std::string read(std::uint32_t row) override
    {
        std::string record;
        if (select_.number(row).next()) record = select_.octets_at(0);
        select_.reset();
        return record;
    }

private:
    Statement insert_;
    Statement select_;
    std::int64_t next_ = 0;
};

// A page is named by its first row. The last one is written anew at each commit until it is full.
class PackedRows final : public Rows {
public:
    PackedRows(Database& database, std::size_t rows_of_page)
        : put_{database, "INSERT OR REPLACE INTO page(first, rows) VALUES(?, ?)"},
          select_{database,
                  "SELECT first, rows FROM page WHERE first <= ? ORDER BY first DESC LIMIT 1"},
          compressor_{ZSTD_createCCtx()},
          rows_of_page_{rows_of_page}
    {
    }

    void add(std::string record) override
    {
        put_text(page_, record);
        if (++count_ == rows_of_page_) {
            flush();
            page_.clear();
            first_ += static_cast<std::int64_t>(count_);
            count_ = 0;
        }
    }

    void flush() override
    {
        if (count_ == 0) return;
        packed_.resize(ZSTD_compressBound(page_.size()));
        packed_.resize(ZSTD_compressCCtx(compressor_.get(), packed_.data(), packed_.size(),
                                         page_.data(), page_.size(), kLevel));
        put_.number(first_).octets(packed_).execute();
    }

    std::string read(std::uint32_t row) override
    {
        std::string record;
        if (select_.number(row).next()) {
            const std::string_view packed = select_.octets_at(1);
            std::string page(ZSTD_getFrameContentSize(packed.data(), packed.size()), '\0');
            ZSTD_decompress(page.data(), page.size(), packed.data(), packed.size());
            std::string_view rest = page;
            for (std::int64_t at = select_.number_at(0); at < row; ++at)
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
    const std::size_t rows_of_page_;
    std::int64_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<Rows> make_plain_rows(Database& database)
{
    return std::make_unique<PlainRows>(database);
}

std::unique_ptr<Rows> make_packed_rows(Database& database, std::size_t rows_of_page)
{
    return std::make_unique<PackedRows>(database, rows_of_page);
}

}  // namespace evidence_bench
