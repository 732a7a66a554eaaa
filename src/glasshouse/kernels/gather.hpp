// Rows in, columns out: picks rows of X, converts and transposes them, and writes zeros past the last one.
#pragma once

#include "columns.hpp"

namespace glasshouse {

/// columns.a[feature][k] = X[rows[k]][feature] for k < n; X has row_step numbers from one row to the next.
template <class T, class From>
void gather(const From* X, std::size_t row_step, std::size_t X_rows, const std::int64_t* rows, std::size_t n, Columns<T>& columns) {
    columns.sweep(n);
    for (std::size_t k = 0; k < n; ++k)
        if (rows[k] < 0 || static_cast<std::size_t>(rows[k]) >= X_rows)
            throw std::out_of_range("row " + std::to_string(rows[k]) + " is not among " + std::to_string(X_rows));
    constexpr std::size_t block = line<T>;                                 // rows at a time: one line of every column
    for (std::size_t begin = 0; begin < n; begin += block) {
        const std::size_t end = begin + block < n ? begin + block : n;
        for (std::size_t feature = 0; feature < columns.rows; ++feature) {
            T* to = columns.a + feature * columns.stride;
            for (std::size_t k = begin; k < end; ++k)
                to[k] = static_cast<T>(X[static_cast<std::size_t>(rows[k]) * row_step + feature]);
        }
    }
    for (std::size_t feature = 0; feature < columns.rows; ++feature) columns.clear_past(n, columns.a + feature * columns.stride);
}

}  // namespace glasshouse
