"""What a policy's answer contains: the code to score, or the reason why it cannot be found."""

from themis_rm.answers.extract import Answer, AnswerMode, extract_answer

__all__ = ["Answer", "AnswerMode", "extract_answer"]
