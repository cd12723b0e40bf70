"""Reading and patching fragmented MP4 (ISO/IEC 14496-12) boxes: bytes in, bytes out."""
