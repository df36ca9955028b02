"""Operations to results: documents, their cost, concurrency, and execution. No transport is known here."""
