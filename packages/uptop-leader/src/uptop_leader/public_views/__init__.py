"""Step 13 for the public: what the status page, its feeds and its badges show. All pure."""
