// Rows in, columns out: picks rows of X, converts and transposes them.
//
// Columns past the last row, to the end of their block, repeat it: with a weight of 0 their delta is 0 times a number that
// is finite wherever the last row's is, which zeros in their place could not promise.
#pragma once

#include <type_traits>

#include "columns.hpp"

namespace glasshouse {

inline void expect_rows(const std::int64_t* rows, std::size_t n, std::size_t X_rows) {
    for (std::size_t k = 0; k < n; ++k)
        if (rows[k] < 0 || static_cast<std::size_t>(rows[k]) >= X_rows)
            throw std::out_of_range("row " + std::to_string(rows[k]) + " is not among " + std::to_string(X_rows));
}

template <class T> void repeat_last(const Columns<T>& columns, std::size_t n) {
    for (std::size_t feature = 0; n > 0 && feature < columns.rows; ++feature) {
        T* row = columns.a + feature * columns.stride;
        for (std::size_t k = n; k < padded<T>(n); ++k) row[k] = row[n - 1];
    }
}

/// A square of numbers, a line of each row, turned in registers: to[i][k] = from row rows[k], number i.
template <class T>
inline void transpose_block(const T* from, std::size_t row_step, const std::int64_t* rows, T* to, std::size_t stride) {
    for (std::size_t part = 0; part < line<T>; part += lanes<T>)
        for (std::size_t first = 0; first < line<T>; first += lanes<T>) {
            Vector<T> square[lanes<T>];
            for (std::size_t k = 0; k < lanes<T>; ++k) square[k] = load_anywhere(from + static_cast<std::size_t>(rows[first + k]) * row_step + part);
            transpose<T>(square);
            for (std::size_t i = 0; i < lanes<T>; ++i) store(to + (part + i) * stride + first, square[i]);
        }
}

/// columns.a[feature][k] = X[rows[k]][feature] for k < n; X has row_step numbers from one row to the next.
template <class T, class From>
void gather(const From* X, std::size_t row_step, std::size_t X_rows, const std::int64_t* rows, std::size_t n, Columns<T>& columns) {
    columns.sweep(n);
    expect_rows(rows, n, X_rows);
    constexpr std::size_t block = line<T>;                                 // rows at a time: one line of every column
    for (std::size_t begin = 0; begin < n; begin += block) {
        const std::size_t end = begin + block < n ? begin + block : n;
        std::size_t feature = 0;
        if constexpr (std::is_same_v<T, From>)
            for (; end == begin + block && block <= columns.rows && feature < columns.rows; feature += block) {
                if (feature + block > columns.rows) feature = columns.rows - block;              // some of them once more
                transpose_block(X + feature, row_step, rows + begin, columns.a + feature * columns.stride + begin, columns.stride);
            }
        for (; feature < columns.rows; ++feature) {
            T* to = columns.a + feature * columns.stride;
            for (std::size_t k = begin; k < end; ++k)
                to[k] = static_cast<T>(X[static_cast<std::size_t>(rows[k]) * row_step + feature]);
        }
    }
    repeat_last(columns, n);
}

/// The same from CSR: row r of X holds values[k] in column places[k] for k from starts[r] to starts[r + 1].
template <class T, class From, class Place>
void gather_sparse(const From* values, const Place* places, const Place* starts, std::size_t n_values, std::size_t X_rows,
                   const std::int64_t* rows, std::size_t n, Columns<T>& columns) {
    const std::size_t padded_n = columns.sweep(n);
    expect_rows(rows, n, X_rows);
    for (std::size_t feature = 0; feature < columns.rows; ++feature)
        std::memset(columns.a + feature * columns.stride, 0, padded_n * sizeof(T));
    for (std::size_t k = 0; k < n; ++k) {
        const Place begin = starts[rows[k]], end = starts[rows[k] + 1];
        if (begin < 0 || begin > end || static_cast<std::size_t>(end) > n_values) throw std::out_of_range("the rows of X point outside it");
        for (Place p = begin; p < end; ++p) {
            if (places[p] < 0 || static_cast<std::size_t>(places[p]) >= columns.rows) throw std::out_of_range("X holds a column outside its shape");
            columns.a[static_cast<std::size_t>(places[p]) * columns.stride + k] += static_cast<T>(values[p]);
        }
    }
    repeat_last(columns, n);
}

}  // namespace glasshouse
