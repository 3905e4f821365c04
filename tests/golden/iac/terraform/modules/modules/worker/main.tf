variable "table" {}
variable "stage" {}

resource "aws_lambda_function" "worker" {
  function_name = "${var.stage}-worker"
  handler       = "worker.handler"
  runtime       = "python3.13"
  filename      = "src/worker.zip"
  role          = aws_iam_role.worker.arn
  environment {
    variables = { TABLE = var.table }
  }
}

resource "aws_iam_role" "worker" {
  assume_role_policy = "{}"
  inline_policy {
    name   = "text"
    policy = <<-JSON
      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "arn:aws:dynamodb:*:*:table/${var.table}"}]}
    JSON
  }
}
